# SPDX-License-Identifier: Apache-2.0
# What this build will contain, and why parts are off.
if(KVROOF_CUDA_ENABLED)
  message(STATUS "kvroof: CUDA backend on (${KVROOF_CUDA_REASON})")
else()
  message(STATUS "kvroof: simulator only, CUDA backend off: ${KVROOF_CUDA_REASON}")
endif()
if(KVROOF_GUI_ENABLED)
  message(STATUS "kvroof: kvroof-view on")
else()
  message(STATUS "kvroof: kvroof-view off: ${KVROOF_GUI_REASON}")
endif()
