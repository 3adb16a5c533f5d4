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
    src/compiler/jet_runtime.c src/compiler/lane.c src/compiler/lanes_math.c
    src/model/jacobian_sparse.c src/linalg/recover.c src/linalg/pattern.c)
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

# Steps of methods as bitcode, to be specialised for models (src/solve/kernel.h): each for few states, as straight code, and for
# more, with loops. Optimised as far as it can be without the model; the target's vectors are for later.
set(kernel_list "")
set(kernel_files "")
function(ude_kernel method source coefficients)
  foreach(size tiny any)
    set(bitcode ${CMAKE_CURRENT_BINARY_DIR}/runtime/kernel_${method}_${size}.bc)
    if(size STREQUAL tiny)
      set(tiny -DTINY)
    else()
      set(tiny "")
    endif()
    add_custom_command(OUTPUT ${bitcode}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/runtime
      COMMAND ${UDE_CLANG} -std=c11 -O2 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops
              -fno-math-errno -ffp-contract=fast -fPIC -w -D_XOPEN_SOURCE=700
              -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src -DMETHOD=ude_${method}
              ${tiny} ${ARGN} -include ${PROJECT_SOURCE_DIR}/src/solve/${coefficients}
              -emit-llvm -c -MD -MF ${bitcode}.d -o ${bitcode}
              ${PROJECT_SOURCE_DIR}/src/solve/kernels/${source}
      DEPENDS ${PROJECT_SOURCE_DIR}/src/solve/kernels/${source} DEPFILE ${bitcode}.d
      COMMAND_EXPAND_LISTS VERBATIM COMMENT "Kernel of ${method}, ${size}")
    string(APPEND kernel_list "UDE_KERNEL_FILE(${method}, ${size}, \"${bitcode}\")\n")
    list(APPEND kernel_files ${bitcode})
  endforeach()
  set(kernel_list "${kernel_list}" PARENT_SCOPE)
  set(kernel_files "${kernel_files}" PARENT_SCOPE)
endfunction()
foreach(method tsit5 dp5 vern6 vern7 dop853 vern9)
  ude_kernel(${method} erk.c ${method}.c)
endforeach()
ude_kernel(rosenbrock23 rosenbrock.c rosenbrock_tableaus.c -DSTAGES=3)
ude_kernel(rodas4 rosenbrock.c rosenbrock_tableaus.c -DSTAGES=6)
ude_kernel(rodas5p rosenbrock.c rosenbrock_tableaus.c -DSTAGES=8)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/runtime/kernel_list.h CONTENT "${kernel_list}")
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/compiler/specialise_link.c PROPERTIES
  OBJECT_DEPENDS "${kernel_files}")
