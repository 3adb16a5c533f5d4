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
