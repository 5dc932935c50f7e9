// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace kvroof::cli {

/// The viewer to draw pictures with: kvroof-view beside this program, else on PATH. Throws
/// std::runtime_error, saying what to do, when it is in neither place.
std::string find_viewer();

/// Has the viewer write a picture of every view that has something to show into `folder`; it needs
/// no display. The names of the files go to stderr, because stdout is for tables. Throws
/// std::runtime_error when it cannot be started or does not succeed.
void write_plots(const std::string& viewer, const std::string& folder,
                 const std::vector<std::string>& traces);

}  // namespace kvroof::cli
