# SPDX-License-Identifier: Apache-2.0
# cmake --install: programs, man pages, shell completions, licence, and a CMake package with the kernels, the simulator
# and the trace library. Included after all targets are there.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
foreach(program IN ITEMS kvroof kvroof-view)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# ---- man pages and completions, from --help ------------------------------------------------------
find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
if(Python3_FOUND)
  set(help_files ${PROJECT_BINARY_DIR}/help)
  add_custom_command(
    OUTPUT ${help_files}/kvroof.1
    COMMAND Python3::Interpreter -B ${PROJECT_SOURCE_DIR}/cmake/write_help_files.py $<TARGET_FILE:kvroof> ${help_files}
    DEPENDS kvroof ${PROJECT_SOURCE_DIR}/cmake/write_help_files.py
    COMMENT "Writing man pages and shell completions")
  add_custom_target(kvroof_help_files ALL DEPENDS ${help_files}/kvroof.1)
  install(DIRECTORY ${help_files}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
  install(FILES ${help_files}/kvroof.bash RENAME kvroof
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${help_files}/kvroof.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# ---- the CMake package ---------------------------------------------------------------------------
set(KVROOF_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/kvroof)
set_target_properties(kvroof_kernels PROPERTIES EXPORT_NAME kernels)
set_target_properties(kvroof_simt PROPERTIES EXPORT_NAME simulator)
set_target_properties(kvroof_traces PROPERTIES EXPORT_NAME traces)
set(packaged kvroof_options kvroof_kernels_base kvroof_simt kvroof_kernels kvroof_traces)
if(TARGET kvroof_kernels_cuda)
  list(APPEND packaged kvroof_kernels_cuda)
endif()
install(TARGETS ${packaged} EXPORT kvroofTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Headers name each other from the root of the repository.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/kernels ${PROJECT_SOURCE_DIR}/traces
        DESTINATION ${KVROOF_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh" PATTERN "samples" EXCLUDE)
install(EXPORT kvroofTargets NAMESPACE kvroof:: DESTINATION ${KVROOF_INSTALL_CMAKEDIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kvroofConfig.cmake.in
  ${PROJECT_BINARY_DIR}/kvroofConfig.cmake INSTALL_DESTINATION ${KVROOF_INSTALL_CMAKEDIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kvroofConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kvroofConfig.cmake ${PROJECT_BINARY_DIR}/kvroofConfigVersion.cmake
        DESTINATION ${KVROOF_INSTALL_CMAKEDIR})
