// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTemporaryDir>
#include <fstream>
#include <string>

#include "gui/models/charts/builder.hpp"
#include "gui/models/data/dataset.hpp"
#include "tests/gui/synthetic_sweep.hpp"
#include "traces/write.hpp"

namespace kvroof::gui::test {

/// A dataset of the records of a trace, as if read from a file of that name.
inline void fill(Dataset& data, const traces::Trace& trace,
                 const QString& name = "synthetic.jsonl") {
  Dataset::Batch batch;
  batch.file = data.addFile(name);
  batch.environments = trace.environments;
  batch.ceilings = trace.ceilings;
  for (const traces::Record& record : trace.records) batch.rows.push_back(summarize(record));
  data.append(batch);
  data.refresh();
}

struct Folder {
  QTemporaryDir folder;
  std::string path(const std::string& name) const {
    return folder.filePath(QString::fromStdString(name)).toStdString();
  }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
};

inline ChartInput inputOf(const Dataset& data, const std::vector<int>& rows,
                          ChartOptions options = {}) {
  return {.data = data, .rows = rows, .options = std::move(options)};
}

}  // namespace kvroof::gui::test
