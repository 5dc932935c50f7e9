# SPDX-License-Identifier: Apache-2.0
# cmake --install: the programs of this build and the licence. Included after all targets are there.
include(GNUInstallDirs)
foreach(program IN ITEMS kvroof kvroof-view)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
