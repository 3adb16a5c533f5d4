# The program `ude` (build/ude) and the benchmarks (build/bench/*).

set(UDE_ALL_ROOMS ${rooms})
list(TRANSFORM UDE_ALL_ROOMS PREPEND ude_room_)

file(GLOB cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
if(TARGET ude_room_compiler AND cli_sources)
  add_executable(ude ${cli_sources})
  ude_common(ude)
  target_compile_options(ude PRIVATE ${UDE_WARNINGS})
  target_link_libraries(ude PRIVATE ${UDE_ALL_ROOMS})
  set_target_properties(ude PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  include(${PROJECT_SOURCE_DIR}/src/cli/room.cmake OPTIONAL)
  ude_tests(cli ${UDE_ALL_ROOMS})
endif()

if(UDE_BENCH)
  file(GLOB benchmarks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
  foreach(source IN LISTS benchmarks)
    get_filename_component(program ${source} NAME_WE)
    file(STRINGS ${source} needs_compiler REGEX "ude/compiler.h|UDE_PROGRAM")
    if(needs_compiler AND NOT TARGET ude)
      continue()
    endif()
    add_executable(bench_${program} ${source})
    ude_common(bench_${program})
    set_target_properties(bench_${program} PROPERTIES OUTPUT_NAME ${program}
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    target_compile_options(bench_${program} PRIVATE -Wall -Wextra)
    target_compile_definitions(bench_${program} PRIVATE _DEFAULT_SOURCE _XOPEN_SOURCE=700
                               UDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(bench_${program} PRIVATE ${UDE_ALL_ROOMS})
    if(TARGET ude)
      target_compile_definitions(bench_${program} PRIVATE UDE_PROGRAM="$<TARGET_FILE:ude>"
                                 UDE_CLANG="${UDE_CLANG}")
      add_dependencies(bench_${program} ude)
    endif()
  endforeach()
endif()
