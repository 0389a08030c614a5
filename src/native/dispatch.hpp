// The kernels that this build has and this processor can run.
#pragma once

#include <vector>

#include "task.hpp"

namespace gaussmix {

// Slowest first; never empty.
std::vector<const Kernels*> available_kernels();

}  // namespace gaussmix
