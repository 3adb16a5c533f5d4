# cJSON (apt: libcjson-dev, MIT) reads and writes parameter files and checkpoints.
find_library(UDE_CJSON_LIBRARY cjson)
if(NOT UDE_CJSON_LIBRARY)
  message(FATAL_ERROR "The room fit needs cJSON (apt install libcjson-dev)")
endif()
target_link_libraries(ude_room_fit PRIVATE ${UDE_CJSON_LIBRARY})
