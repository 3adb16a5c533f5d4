# Rooms, their tests, and the flags that all of ude is compiled with.

# -ffp-contract=off: the same numbers from every compiler and on every machine.
set(UDE_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wdouble-promotion -Wstrict-prototypes)
add_library(ude_flags INTERFACE)
target_compile_definitions(ude_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(ude_flags INTERFACE -ffp-contract=off $<$<BOOL:${UDE_WERROR}>:-Werror>)
if(UDE_SANITIZE)
  set(sanitize -fsanitize=${UDE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(ude_flags INTERFACE ${sanitize})
  target_link_options(ude_flags INTERFACE ${sanitize})
endif()
if(UDE_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "UDE_FUZZ needs clang: -DCMAKE_C_COMPILER=clang-19, or './run fuzz'")
  endif()
  target_compile_options(ude_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(ude_common target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
                        C_VISIBILITY_PRESET hidden)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:ude_flags>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()

# A room of the house: src/NAME/*.c as the static library ude_room_NAME, tests in tests/NAME.
# A room that needs packages of its own names them in src/NAME/room.cmake, by
# target_link_libraries(ude_room_NAME PRIVATE ...).
# Linking a room's tests against its own room and what it USES keeps the layering honest.
function(ude_room name)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  if(NOT sources)
    return()
  endif()
  add_library(ude_room_${name} STATIC ${sources})
  ude_common(ude_room_${name})
  set_target_properties(ude_room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(ude_room_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(ude_room_${name} PRIVATE ${UDE_WARNINGS})
  foreach(used IN LISTS arg_USES)
    if(TARGET ude_room_${used})
      target_link_libraries(ude_room_${name} PUBLIC ude_room_${used})
    endif()
  endforeach()
  target_link_libraries(ude_room_${name} PUBLIC m)
  include(${PROJECT_SOURCE_DIR}/src/${name}/room.cmake OPTIONAL)
  set_property(GLOBAL APPEND PROPERTY UDE_ROOMS ${name})
  ude_tests(${name} ude_room_${name})
endfunction()

# One Check program for each tests/NAME/test_*.c. A file named test_*fault*.c is linked with the
# allocation failures of tests/support/fault.h. A file test_*.sh is run by bash with the path of the
# program in UDE.
set(UDE_WRAPPED malloc calloc realloc free strdup strndup aligned_alloc posix_memalign)
list(TRANSFORM UDE_WRAPPED PREPEND "-Wl,--wrap=" OUTPUT_VARIABLE UDE_WRAP_OPTIONS)

function(ude_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  find_library(UDE_CHECK_LIBRARY check)
  if(NOT UDE_CHECK_LIBRARY)
    message(FATAL_ERROR "The tests need the library Check (apt install check libsubunit-dev), "
                        "or configure with -DBUILD_TESTING=OFF")
  endif()
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/test_*.c)
  foreach(test IN LISTS tests)
    get_filename_component(program ${test} NAME_WE)
    set(target ${name}_${program})
    add_executable(${target} ${test})
    ude_common(${target})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_compile_definitions(${target} PRIVATE _DEFAULT_SOURCE _XOPEN_SOURCE=700 CK_FLOATING_DIG=17
                               UDE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
                               UDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_options(${target} PRIVATE -Wall -Wextra)
    target_link_libraries(${target} PRIVATE ${ARGN} check subunit pthread rt m)
    if(program MATCHES "fault")
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/fault.c)
      target_link_options(${target} PRIVATE ${UDE_WRAP_OPTIONS})
    endif()
    if(UDE_LLVM_FOUND)
      target_compile_definitions(${target} PRIVATE UDE_CLANG="${UDE_CLANG}")
    endif()
    if(TARGET ude)
      add_dependencies(${target} ude)
      target_compile_definitions(${target} PRIVATE UDE_PROGRAM="$<TARGET_FILE:ude>")
    endif()
    ude_register(${name}.${program} ${target})
  endforeach()
  file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/test_*.sh)
  foreach(script IN LISTS scripts)
    get_filename_component(program ${script} NAME_WE)
    ude_register(${name}.${program} ${CMAKE_COMMAND} -E env UDE_SOURCE_DIR=${PROJECT_SOURCE_DIR}
                 "UDE=$<$<TARGET_EXISTS:ude>:$<TARGET_FILE:ude>>" bash ${script})
  endforeach()
endfunction()

# A ctest entry with the time limit and sanitizer settings of all tests.
function(ude_register test)
  add_test(NAME ${test} COMMAND ${ARGN})
  # Check's own limit of 4 s a case would fail a test on a busy machine.
  set_tests_properties(${test} PROPERTIES TIMEOUT 240 ENVIRONMENT CK_DEFAULT_TIMEOUT=100)
  if(UDE_SANITIZE)
    set_tests_properties(${test} PROPERTIES TIMEOUT 600 ENVIRONMENT
      "CK_DEFAULT_TIMEOUT=500;ASAN_OPTIONS=allocator_may_return_null=1;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0;UBSAN_OPTIONS=print_stacktrace=1")
  endif()
endfunction()
