# Tests of the house as a whole: everything linked together, reading hostile input, installed.
if(NOT BUILD_TESTING)
  return()
endif()

if(TARGET ude_room_compiler)
  ude_tests(integration ${UDE_ALL_ROOMS})
endif()

# tests/fuzz/fuzz_NAME.c: under UDE_FUZZ a libFuzzer program; otherwise every file of its corpus is
# replayed as an ordinary test.
file(GLOB fuzzers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
add_custom_target(fuzzers)
foreach(source IN LISTS fuzzers)
  get_filename_component(program ${source} NAME_WE)
  string(REPLACE fuzz_ "" name ${program})
  # "/* uses: FILE ..." on the first line: sources of the house that are in no library.
  file(STRINGS ${source} first_line LIMIT_COUNT 1 REGEX "^/\\* uses: ")
  string(REGEX MATCHALL "src/[a-z0-9_/]+[.]c" used "${first_line}")
  list(TRANSFORM used PREPEND ${PROJECT_SOURCE_DIR}/)
  add_executable(${program} ${source} ${used})
  ude_common(${program})
  target_compile_options(${program} PRIVATE -Wall -Wextra)
  target_compile_definitions(${program} PRIVATE _XOPEN_SOURCE=700)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${program} PRIVATE ${UDE_ALL_ROOMS} ${UDE_CJSON_LIBRARY})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  add_dependencies(fuzzers ${program})
  if(UDE_FUZZ)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    ude_register(fuzz.${name} ${program} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
endforeach()

ude_register(house.layers bash ${PROJECT_SOURCE_DIR}/tools/check_layers.sh)
ude_register(house.faults bash ${PROJECT_SOURCE_DIR}/tools/check_faults.sh)
ude_register(install.headers bash ${PROJECT_SOURCE_DIR}/tests/install/headers.sh ${CMAKE_C_COMPILER}
             ${PROJECT_SOURCE_DIR}/include)
if(TARGET libude_shared)
  ude_register(install.symbols bash ${PROJECT_SOURCE_DIR}/tests/install/symbols.sh ${CMAKE_NM}
               $<TARGET_FILE:libude_shared>
               $<$<TARGET_EXISTS:libude_compiler_shared>:$<TARGET_FILE:libude_compiler_shared>>)
endif()
if(NOT UDE_SANITIZE AND NOT UDE_FUZZ)
  ude_register(install.outside ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER}
               bash ${PROJECT_SOURCE_DIR}/tests/install/outside.sh ${CMAKE_COMMAND}
               ${CMAKE_GENERATOR} ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/tests/install ${PROJECT_VERSION}
               "$<$<TARGET_EXISTS:libude_compiler_shared>:compiler>")
endif()
