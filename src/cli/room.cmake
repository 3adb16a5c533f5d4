# cJSON for settings.json (found by the fit room).
target_link_libraries(ude PRIVATE PkgConfig::CJSON)
