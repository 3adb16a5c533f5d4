# Installed tree: headers, libraries, program, find_package(ude) and pkg-config files.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ude)
set(targets "")
foreach(target libude_shared libude_static libude_compiler_shared libude_compiler_static)
  if(TARGET ${target})
    list(APPEND targets ${target})
  endif()
endforeach()
install(TARGETS ${targets} EXPORT udeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ude DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
if(TARGET ude)
  install(TARGETS ude RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(EXPORT udeTargets NAMESPACE ude:: DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/third_party DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "*.js" EXCLUDE)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/udeConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/udeConfig.cmake INSTALL_DESTINATION ${package_dir})
# Until 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/udeConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/udeConfig.cmake ${PROJECT_BINARY_DIR}/udeConfigVersion.cmake
        DESTINATION ${package_dir})

# "m;/usr/lib/liblapacke.so" as a linker line "-lm -llapacke".
function(ude_link_line out)
  set(line "")
  foreach(item IN LISTS ARGN)
    if(item MATCHES "^/.*/lib([^/]+)\\.(so|a)[0-9.]*$")
      set(item -l${CMAKE_MATCH_1})
    elseif(NOT item MATCHES "^-")
      set(item -l${item})
    endif()
    list(APPEND line ${item})
  endforeach()
  list(REMOVE_DUPLICATES line)
  list(JOIN line " " line)
  set(${out} "${line}" PARENT_SCOPE)
endfunction()

function(ude_pkg_config name)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/ude.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

set(pc_name ude)
set(pc_description "${PROJECT_DESCRIPTION}: solvers, sensitivities, fitting")
set(pc_requires "")
ude_link_line(pc_private ${UDE_OUTSIDE})
ude_pkg_config(ude)
if(TARGET ude_room_compiler)
  set(pc_name ude-compiler)
  set(pc_description "${PROJECT_DESCRIPTION}: the compiler from C models to vector fields")
  set(pc_requires "ude = ${PROJECT_VERSION}")
  ude_link_line(pc_private ${UDE_COMPILER_OUTSIDE} ${UDE_LLVM_LIBRARY})
  ude_pkg_config(ude-compiler)
endif()
