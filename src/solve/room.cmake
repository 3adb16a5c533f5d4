# Sums of stages are the inner loops of a step: let gcc, too, vectorise them.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/solve/combine.c
                            ${PROJECT_SOURCE_DIR}/src/solve/control.c PROPERTIES
                            COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>")

# BDF and Adams of SUNDIALS CVODE (BSD), where it is installed.
find_library(UDE_CVODE_LIBRARY sundials_cvode)
find_library(UDE_NVECTOR_LIBRARY sundials_nvecserial)
find_path(UDE_CVODE_INCLUDE cvode/cvode.h)
if(UDE_CVODE_LIBRARY AND UDE_NVECTOR_LIBRARY AND UDE_CVODE_INCLUDE)
  target_compile_definitions(ude_room_solve PRIVATE UDE_WITH_CVODE)
  target_include_directories(ude_room_solve SYSTEM PRIVATE ${UDE_CVODE_INCLUDE})
  target_link_libraries(ude_room_solve PRIVATE ${UDE_CVODE_LIBRARY} ${UDE_NVECTOR_LIBRARY})
endif()
