# LAPACK by its C interface, and OpenBLAS.
find_library(UDE_LAPACKE_LIBRARY lapacke)
find_library(UDE_OPENBLAS_LIBRARY openblas)
find_path(UDE_LAPACKE_INCLUDE lapacke.h PATH_SUFFIXES lapacke openblas openblas-serial openblas-pthread)
if(NOT UDE_LAPACKE_LIBRARY OR NOT UDE_OPENBLAS_LIBRARY OR NOT UDE_LAPACKE_INCLUDE)
  message(FATAL_ERROR "linalg needs LAPACKE and OpenBLAS (apt install liblapacke-dev libopenblas-serial-dev)")
endif()
target_include_directories(ude_room_linalg PRIVATE ${UDE_LAPACKE_INCLUDE})
target_link_libraries(ude_room_linalg PRIVATE ${UDE_LAPACKE_LIBRARY} ${UDE_OPENBLAS_LIBRARY})
# KLU, AMD, COLAMD and BTF of SuiteSparse: its LGPL and BSD parts.
find_library(UDE_KLU_LIBRARY klu)
find_path(UDE_KLU_INCLUDE klu.h PATH_SUFFIXES suitesparse)
if(NOT UDE_KLU_LIBRARY OR NOT UDE_KLU_INCLUDE)
  message(FATAL_ERROR "linalg needs KLU (apt install libsuitesparse-dev)")
endif()
target_include_directories(ude_room_linalg SYSTEM PRIVATE ${UDE_KLU_INCLUDE})
target_link_libraries(ude_room_linalg PRIVATE ${UDE_KLU_LIBRARY})
# Complex products by the plain formula: what is not finite is found before.
set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/linalg/linear_tiny.c APPEND PROPERTY COMPILE_OPTIONS -fcx-limited-range)
# Factorisations and triangular solves are inner loops of a step.
set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/linalg/linear_tiny.c
                    ${PROJECT_SOURCE_DIR}/src/linalg/linear_krylov.c
             APPEND PROPERTY COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>")
