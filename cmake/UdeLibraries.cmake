# libude (every room but compiler) and libude-compiler, static and shared, from the rooms' objects.

get_property(rooms GLOBAL PROPERTY UDE_ROOMS)
set(UDE_SOLVER_ROOMS ${rooms})
list(REMOVE_ITEM UDE_SOLVER_ROOMS compiler)

# What the rooms link beside one another: the libraries of their room.cmake files.
function(ude_outside_libraries out)
  set(found "")
  foreach(room IN LISTS ARGN)
    get_target_property(linked ude_room_${room} LINK_LIBRARIES)
    foreach(item IN LISTS linked)
      if(NOT item MATCHES "ude_room_|ude_flags|ude_llvm|::@")
        list(APPEND found ${item})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# ude_library(NAME OUTPUT ROOMS ... USES ...): targets NAME_shared and NAME_static.
function(ude_library name output)
  cmake_parse_arguments(arg "" "" "ROOMS;USES;LIBRARIES" ${ARGN})
  set(objects "")
  foreach(room IN LISTS arg_ROOMS)
    list(APPEND objects $<TARGET_OBJECTS:ude_room_${room}>)
  endforeach()
  foreach(kind shared static)
    string(TOUPPER ${kind} KIND)
    if(NOT UDE_${KIND})
      continue()
    endif()
    set(target ${name}_${kind})
    add_library(${target} ${KIND} ${objects})
    # Until 1.0 every minor version may break the binary interface.
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output} LINKER_LANGUAGE C
                          VERSION ${PROJECT_VERSION}
                          SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
                          EXPORT_NAME ${output}-${kind}
                          INSTALL_RPATH $ORIGIN) # libude-compiler finds the libude beside it
    target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} $<BUILD_INTERFACE:ude_flags>)
    foreach(used IN LISTS arg_USES)
      target_link_libraries(${target} PUBLIC ${used}_${kind})
    endforeach()
  endforeach()
endfunction()

ude_outside_libraries(UDE_OUTSIDE ${UDE_SOLVER_ROOMS})
ude_library(libude ude ROOMS ${UDE_SOLVER_ROOMS} LIBRARIES ${UDE_OUTSIDE})
if(TARGET ude_room_compiler)
  ude_outside_libraries(UDE_COMPILER_OUTSIDE compiler)
  ude_library(libude_compiler ude-compiler ROOMS compiler USES libude
              LIBRARIES ${UDE_COMPILER_OUTSIDE} ${UDE_LLVM_LIBRARY})
endif()
