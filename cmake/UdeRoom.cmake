# A room of the house: src/NAME/*.c as the static library ude_room_NAME, tests in tests/NAME/test_*.c.
# Linking a room's tests against its own room and what it USES keeps the layering honest.
function(ude_room name)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  if(NOT sources)
    return()
  endif()
  add_library(ude_room_${name} STATIC ${sources})
  set_target_properties(ude_room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_STANDARD 11
                        C_VISIBILITY_PRESET hidden C_EXTENSIONS OFF)
  target_compile_definitions(ude_room_${name} PRIVATE _POSIX_C_SOURCE=200809L)
  target_include_directories(ude_room_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                             PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(ude_room_${name} PRIVATE -ffp-contract=off -Wall -Wextra -Wconversion
                         -Wshadow -Wdouble-promotion -Wstrict-prototypes)
  foreach(used IN LISTS arg_USES)
    if(TARGET ude_room_${used})
      target_link_libraries(ude_room_${name} PUBLIC ude_room_${used})
    endif()
  endforeach()
  target_link_libraries(ude_room_${name} PUBLIC m)
  if(EXISTS ${PROJECT_SOURCE_DIR}/src/${name}/room.cmake)
    include(${PROJECT_SOURCE_DIR}/src/${name}/room.cmake) # packages that this room alone needs
  endif()
  if(BUILD_TESTING)
    file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/test_*.c)
    foreach(test IN LISTS tests)
      get_filename_component(program ${test} NAME_WE)
      set(program ${name}_${program})
      add_executable(${program} ${test})
      set_target_properties(${program} PROPERTIES C_STANDARD 11)
      target_compile_definitions(${program} PRIVATE _POSIX_C_SOURCE=200809L CK_FLOATING_DIG=17
                                 UDE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
                                 UDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/src
                                 ${PROJECT_SOURCE_DIR}/tests)
      target_compile_options(${program} PRIVATE -ffp-contract=off -Wall -Wextra)
      target_link_libraries(${program} PRIVATE ude_room_${name} check subunit pthread rt m)
      add_test(NAME ${name}.${program} COMMAND ${program})
    endforeach()
  endif()
endfunction()
