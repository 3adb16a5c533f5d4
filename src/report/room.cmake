# cJSON reads the run's JSON files (apt: libcjson-dev, MIT). The page and Apache ECharts
# (third_party/echarts) become part of the library.
find_library(UDE_CJSON_LIBRARY cjson)
if(NOT UDE_CJSON_LIBRARY)
  message(FATAL_ERROR "The room report needs cJSON (apt install libcjson-dev)")
endif()
target_link_libraries(ude_room_report PRIVATE ${UDE_CJSON_LIBRARY})
set(style ${PROJECT_SOURCE_DIR}/src/report/page.css)
set(script ${PROJECT_SOURCE_DIR}/src/report/page.js)
set(echarts ${PROJECT_SOURCE_DIR}/third_party/echarts/echarts.common.min.js)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/embedded.c PROPERTIES
  COMPILE_DEFINITIONS "UDE_STYLE=\"${style}\";UDE_SCRIPT=\"${script}\";UDE_ECHARTS=\"${echarts}\""
  OBJECT_DEPENDS "${style};${script};${echarts}")
