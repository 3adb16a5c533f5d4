# cJSON for settings.json (found by the room fit).
target_link_libraries(ude_cli PUBLIC ${UDE_CJSON_LIBRARY})
