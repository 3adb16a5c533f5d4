# LLVM and clang, found by cmake/UdeLlvm.cmake (apt: llvm-19-dev clang-19 libclang-19-dev).
target_link_libraries(ude_room_compiler PUBLIC ude_llvm)
execute_process(COMMAND ${UDE_CLANG} -print-resource-dir OUTPUT_VARIABLE clang_resources
                OUTPUT_STRIP_TRAILING_WHITESPACE)
target_link_libraries(ude_room_compiler PUBLIC ${CMAKE_DL_LIBS} pthread)
target_compile_definitions(ude_room_compiler PRIVATE
  _GNU_SOURCE
  UDE_CLANG="${UDE_CLANG}"
  UDE_CLANG_RESOURCES="${clang_resources}"
  UDE_LIBCLANG="${UDE_LIBCLANG}"
  UDE_SOURCE_INCLUDE="${PROJECT_SOURCE_DIR}/include"
  UDE_INSTALL_INCLUDE="${CMAKE_INSTALL_FULL_INCLUDEDIR}")

# What emitted code calls at run time also becomes bitcode inside the library: `ude compile` links it into
# objects, so that these need neither libude nor LLVM.
set(runtime_sources src/base/error.c src/base/memory.c src/model/jacobian.c src/compiler/tape.c
    src/compiler/rules_runtime.c src/compiler/entries.c src/compiler/ahead_runtime.c
    src/compiler/jet_runtime.c)
set(runtime_list "")
set(runtime_files "")
foreach(source IN LISTS runtime_sources)
  get_filename_component(stem ${source} NAME_WE)
  set(bitcode ${CMAKE_CURRENT_BINARY_DIR}/runtime/${stem}.bc)
  add_custom_command(OUTPUT ${bitcode}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/runtime
    COMMAND ${UDE_CLANG} -std=c11 -O2 -Xclang -disable-llvm-passes -fPIC -ffp-contract=off -w
            -D_XOPEN_SOURCE=700 -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src
            "-I$<JOIN:$<TARGET_PROPERTY:ude_llvm,INTERFACE_INCLUDE_DIRECTORIES>,;-I>"
            -emit-llvm -c -MD -MF ${bitcode}.d -o ${bitcode} ${PROJECT_SOURCE_DIR}/${source}
    DEPENDS ${PROJECT_SOURCE_DIR}/${source} DEPFILE ${bitcode}.d COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Bitcode of ${source}")
  string(APPEND runtime_list "UDE_RUNTIME_FILE(ude_runtime_${stem}, \"${bitcode}\")\n")
  list(APPEND runtime_files ${bitcode})
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/runtime/runtime_list.h CONTENT "${runtime_list}")
target_include_directories(ude_room_compiler PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/runtime)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/compiler/ahead_link.c PROPERTIES
  OBJECT_DEPENDS "${runtime_files}")
