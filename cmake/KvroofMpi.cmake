# SPDX-License-Identifier: Apache-2.0
# Decides whether sweeps can be spread over MPI ranks. Sets KVROOF_MPI_ENABLED and KVROOF_MPI_REASON (one sentence for people).
set(KVROOF_MPI_ENABLED OFF)
if(NOT KVROOF_MPI)
  set(KVROOF_MPI_REASON "KVROOF_MPI is off")
  return()
endif()

find_package(MPI QUIET COMPONENTS CXX)
if(MPI_CXX_FOUND)
  set(KVROOF_MPI_ENABLED ON)
  set(KVROOF_MPI_REASON "MPI ${MPI_CXX_VERSION}")
else()
  set(KVROOF_MPI_REASON "no MPI was found (Debian and Ubuntu: the mpi packages of scripts/packages.txt)")
endif()
