# SPDX-License-Identifier: Apache-2.0
# Decides whether kvroof-view is built. Sets KVROOF_GUI_ENABLED and KVROOF_GUI_REASON (one sentence for people).
set(KVROOF_GUI_ENABLED OFF)
if(NOT KVROOF_GUI)
  set(KVROOF_GUI_REASON "KVROOF_GUI is off")
  return()
endif()

# A member of a Qt that is not complete (no OpenGL headers, say) is reported as not found, too.
find_package(Qt6 6.4 QUIET COMPONENTS Core Widgets Svg PrintSupport)
find_package(QCustomPlotQt6 QUIET)  # its targets name PrintSupport
set(missing "")
foreach(component IN ITEMS Core Widgets Svg PrintSupport)
  if(NOT TARGET Qt6::${component})
    list(APPEND missing "Qt 6 ${component}")
  endif()
endforeach()
if(NOT QCustomPlotQt6_FOUND)
  list(APPEND missing "QCustomPlot for Qt 6")
endif()

if(missing)
  list(JOIN missing ", " missing)
  set(KVROOF_GUI_REASON "not found: ${missing} (Debian and Ubuntu: the viewer packages of scripts/packages.txt)")
else()
  set(KVROOF_GUI_ENABLED ON)
  set(KVROOF_GUI_REASON "Qt ${Qt6_VERSION}")
endif()
