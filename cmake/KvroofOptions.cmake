# SPDX-License-Identifier: Apache-2.0
# kvroof_options: linked by every target of ours. Warnings that nvcc's generated code cannot bear are for C++ only.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(kvroof_options INTERFACE)
target_compile_features(kvroof_options INTERFACE cxx_std_20)
target_include_directories(kvroof_options INTERFACE ${PROJECT_SOURCE_DIR})
set(CMAKE_CXX_EXTENSIONS OFF)

set(kvroof_warnings -Wall -Wextra -Wshadow -Wconversion)
set(kvroof_cxx_warnings -Wpedantic -Wold-style-cast)
if(KVROOF_WERROR)
  list(APPEND kvroof_warnings -Werror)
endif()
target_compile_options(kvroof_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:${kvroof_warnings};${kvroof_cxx_warnings}>
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:$<$<BOOL:${KVROOF_WERROR}>:-Werror all-warnings> -Xcompiler=-Wall,-Wextra>")
