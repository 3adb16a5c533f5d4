# cJSON for settings.json (found by the room fit).
target_link_libraries(ude PRIVATE ${UDE_CJSON_LIBRARY})
