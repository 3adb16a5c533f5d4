# LLVM and clang, found by cmake/UdeLlvm.cmake (apt: llvm-19-dev clang-19 libclang-19-dev).
target_link_libraries(ude_room_compiler PUBLIC ude_llvm)
target_compile_definitions(ude_room_compiler PRIVATE
  UDE_CLANG="${UDE_CLANG}"
  UDE_LIBCLANG="${UDE_LIBCLANG}"
  UDE_SOURCE_INCLUDE="${PROJECT_SOURCE_DIR}/include"
  UDE_INSTALL_INCLUDE="${CMAKE_INSTALL_FULL_INCLUDEDIR}")
