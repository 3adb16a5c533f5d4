# cJSON (apt: libcjson-dev, MIT) reads and writes parameter files and checkpoints.
find_package(PkgConfig REQUIRED)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
target_link_libraries(ude_room_fit PUBLIC PkgConfig::CJSON)
