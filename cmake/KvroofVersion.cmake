# SPDX-License-Identifier: Apache-2.0
# kvroof_version: defines KVROOF_VERSION; the git revision is read at build time, so that it is never stale.
add_custom_target(kvroof_revision ALL
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
          -DOUTPUT=${PROJECT_BINARY_DIR}/generated/kvroof_version.hpp
          -P ${PROJECT_SOURCE_DIR}/cmake/WriteVersion.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/kvroof_version.hpp
  COMMENT "Reading the git revision")
add_library(kvroof_version INTERFACE)
target_include_directories(kvroof_version INTERFACE ${PROJECT_BINARY_DIR}/generated)
add_dependencies(kvroof_version kvroof_revision)
