// SPDX-License-Identifier: Apache-2.0
// Compiles every hazard pair for a GPU, so that GPU tools can be run on them too.
#include "tests/simt/hazards/all.cuh"
