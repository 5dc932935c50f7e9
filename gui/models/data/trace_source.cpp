// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/trace_source.hpp"

#include <QObject>

#include "traces/trace_error.hpp"

namespace kvroof::gui {

TraceSource::Step TraceSource::read(std::uint64_t budgetBytes, const IsCancelled& isCancelled) {
  const std::lock_guard lock(mutex_);
  Step step;
  if (!index_ && isInspect(path_)) {
    step.inspect = readInspect(path_, isCancelled);
    step.atEnd = true;
    return step;
  }
  if (!index_) index_ = std::make_unique<traces::TraceIndex>(path_.toStdString());
  const auto update = index_->update(budgetBytes);
  step.replaced = update == traces::TraceIndex::Update::replaced;
  step.atEnd = update == traces::TraceIndex::Update::current;
  if (step.replaced) numTaken_ = 0;
  step.batch.firstRecord = numTaken_;
  step.batch.rows = index_->take_rows();
  step.batch.environments = index_->environments();
  step.batch.ceilings = index_->ceilings();
  step.bytesRead = index_->bytes_read();
  step.bytesTotal = index_->bytes_total();
  numTaken_ += step.batch.rows.size();
  return step;
}

traces::Details TraceSource::details(std::size_t record) const {
  const std::lock_guard lock(mutex_);
  if (!index_) throw traces::TraceError(path_.toStdString() + ": the file has not been read yet");
  return index_->details(record);
}

QStringList TraceSource::warnings(Tail tail) const {
  const std::lock_guard lock(mutex_);
  QStringList sentences;
  if (!index_) return sentences;
  for (const std::string& warning : index_->warnings())
    sentences.push_back(QString::fromStdString(warning));
  if (numTaken_ == 0) {
    sentences.push_back(
        QObject::tr("%1 holds no records yet; they appear here as they are written.").arg(path_));
  }
  if (index_->torn_bytes() > 0 && tail == Tail::reported) {
    sentences.push_back(QObject::tr("%1 ends in an unfinished line (%2 bytes): a record is being "
                                    "written, or the writer was stopped.")
                            .arg(path_)
                            .arg(index_->torn_bytes()));
  }
  return sentences;
}

}  // namespace kvroof::gui
