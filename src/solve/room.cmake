# Sums of stages are the inner loops of a step: let gcc, too, vectorise them.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/solve/combine.c
                            ${PROJECT_SOURCE_DIR}/src/solve/control.c PROPERTIES
                            COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>")
