# SPDX-License-Identifier: Apache-2.0
# kvroof_options: linked by every target of ours. Warnings that nvcc's generated code cannot bear are for C++ only.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)  # read by scripts/lint
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endif()
# An installed program finds libcupti where the build found it.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

add_library(kvroof_options INTERFACE)
target_compile_features(kvroof_options INTERFACE cxx_std_20)
include(GNUInstallDirs)
set(KVROOF_INSTALL_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR}/kvroof)
target_include_directories(kvroof_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${KVROOF_INSTALL_INCLUDEDIR}>)

set(kvroof_warnings -Wall -Wextra -Wshadow -Wconversion)
set(kvroof_cxx_warnings -Wpedantic -Wold-style-cast)
set(kvroof_cuda_flags
  -Xcompiler=-Wall,-Wextra,-Wshadow
  --expt-relaxed-constexpr  # constexpr functions of kernels/value_types.hpp serve host and device
  --generate-line-info)     # profilers show source lines; the code stays the same
# With warnings as errors a kernel that keeps registers in memory does not compile.
set(KVROOF_SPILL_OPTION -Xptxas=--warn-on-spills,--warn-on-local-memory-usage)
if(KVROOF_WERROR)
  list(APPEND kvroof_warnings -Werror)
  list(APPEND kvroof_cuda_flags "SHELL:-Werror all-warnings" -Xcompiler=-Werror)
endif()
# Warnings are ours to see: who links an installed kvroof chooses others.
target_compile_options(kvroof_options INTERFACE
  "$<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:${kvroof_warnings};${kvroof_cxx_warnings}>>"
  "$<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CUDA>:${kvroof_cuda_flags}>>")
