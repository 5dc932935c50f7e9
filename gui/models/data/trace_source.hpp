// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <memory>
#include <mutex>
#include <optional>

#include "gui/models/data/dataset.hpp"
#include "gui/models/data/inspect_file.hpp"
#include "traces/index.hpp"

namespace kvroof::gui {

/// One trace, or inspect file, that may be read by one thread while another asks for details.
class TraceSource {
 public:
  explicit TraceSource(QString path) : path_(std::move(path)) {}

  const QString& path() const { return path_; }

  struct Step {
    bool replaced = false;  // all earlier rows of this file are gone
    bool atEnd = false;     // nothing more to read for now
    std::uint64_t bytesRead = 0;
    std::uint64_t bytesTotal = 0;
    Dataset::Batch batch;                // Batch::file is not set
    std::optional<InspectFile> inspect;  // the file is one of these, and no trace
  };
  /// Reads about `budgetBytes` more, an inspect file whole or until it is cancelled. Throws
  /// TraceError or InspectError with a sentence for people.
  Step read(std::uint64_t budgetBytes, const IsCancelled& isCancelled = {});

  /// Everything about one record. Throws TraceError when it can no longer be read.
  traces::Details details(std::size_t record) const;

  /// Whether an unfinished last line is worth a sentence; in a file that grows it is none.
  enum class Tail { reported, expected };
  /// Sentences about lines that were skipped or are torn, and about an empty file.
  QStringList warnings(Tail tail = Tail::reported) const;

 private:
  QString path_;
  mutable std::mutex mutex_;
  std::unique_ptr<traces::TraceIndex> index_;
  std::size_t numTaken_ = 0;  // records that were handed over
};

}  // namespace kvroof::gui
