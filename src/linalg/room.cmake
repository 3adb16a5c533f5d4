# LAPACK by its C interface, and OpenBLAS.
find_library(UDE_LAPACKE_LIBRARY lapacke)
find_library(UDE_OPENBLAS_LIBRARY openblas)
find_path(UDE_LAPACKE_INCLUDE lapacke.h PATH_SUFFIXES lapacke openblas openblas-pthread)
if(NOT UDE_LAPACKE_LIBRARY OR NOT UDE_OPENBLAS_LIBRARY OR NOT UDE_LAPACKE_INCLUDE)
  message(FATAL_ERROR "linalg needs LAPACKE and OpenBLAS (apt install liblapacke-dev libopenblas-dev)")
endif()
target_include_directories(ude_room_linalg PRIVATE ${UDE_LAPACKE_INCLUDE})
target_link_libraries(ude_room_linalg PRIVATE ${UDE_LAPACKE_LIBRARY} ${UDE_OPENBLAS_LIBRARY})
