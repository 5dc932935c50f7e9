// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/state/session.hpp"

#include <QFile>
#include <QFileInfo>
#include <algorithm>

#include "gui/models/charts/reference_row.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/models/text/guidance.hpp"
#include "traces/trace_error.hpp"

namespace kvroof::gui {

Session::Session(QObject* parent) : QObject(parent), filter_(data_) {
  connect(&data_, &Dataset::reset, this, [this] {
    forgetDetails();
    selection_.setCurrent(-1);
  });
}

std::shared_ptr<TraceSource> Session::addSource(const QString& path) {
  const QString full = QFileInfo(path).absoluteFilePath();
  for (const auto& source : sources_)
    if (source->path() == full) return source;
  addSource(std::make_shared<TraceSource>(full));
  return sources_.back();
}

void Session::addSource(std::shared_ptr<TraceSource> source) {
  data_.addFile(source->path());
  sources_.push_back(std::move(source));
  emit filesChanged();
}

int Session::fileOfSource(const TraceSource* source) const {
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (sources_[i].get() == source) return static_cast<int>(i);
  return -1;
}

void Session::take(int file, TraceSource::Step step) {
  if (step.replaced) data_.dropFile(file);
  step.batch.file = file;
  data_.append(step.batch);
}

void Session::readAll(const QString& path) {
  QFile file(path);
  if (file.open(QIODevice::ReadOnly) && looksLikeInspect(file.read(4096)))
    return setInspect(readInspect(path));
  constexpr std::uint64_t kStepBytes = 64ull << 20;
  const auto source = addSource(path);
  for (;;) {
    TraceSource::Step step = source->read(kStepBytes);
    const bool atEnd = step.atEnd;
    take(fileOfSource(source.get()), std::move(step));
    if (atEnd) break;
  }
  data_.refresh();
}

void Session::setBaselineFile(int file) {
  if (file == baselineFile_) return;
  baselineFile_ = file;
  emit baselineChanged();
}

void Session::setInspect(InspectFile inspect) {
  inspect_ = std::move(inspect);
  emit inspectChanged();
}

void Session::chooseRecord() {
  if (selection_.current() < 0)
    selection_.setCurrent(referenceRow(inputFor(chartViews().front(), {})));
}

const traces::Details* Session::currentDetails() {
  const int row = selection_.current();
  if (row < 0 || static_cast<std::size_t>(row) >= data_.size()) return nullptr;
  if (row != detailsRow_) {
    forgetDetails();
    const auto r = static_cast<std::size_t>(row);
    try {
      details_ = sources_[static_cast<std::size_t>(data_.fileOf(r))]->details(data_.recordOf(r));
    } catch (const traces::TraceError&) {
      return nullptr;  // the file was replaced under us; the next reading step drops its rows
    }
    detailsRow_ = row;
  }
  return details_ ? &*details_ : nullptr;
}

ChartInput Session::inputFor(const ViewSpec& view, const ChartOptions& options,
                             std::size_t inspectHead) {
  return {.data = data_,
          .rows = filter_.rows(),
          .options = options,
          .currentRow = selection_.current(),
          .details = view.needsDetails ? currentDetails() : nullptr,
          .baselineFile = baselineFile_,
          .inspect = inspect(),
          .inspectHead = inspectHead};
}

QString Session::describe(int row) {
  if (row < 0 || static_cast<std::size_t>(row) >= data_.size()) return {};
  const auto r = static_cast<std::size_t>(row);
  QStringList lines{configurationText(data_, row)};
  const auto add = [&](QLatin1String id) {
    const QString text = data_.at(id).text(r);
    if (!text.isEmpty()) lines << QStringLiteral("%1: %2").arg(data_.at(id).info().title, text);
  };
  for (const auto id :
       {col::kStatus, col::kTime, col::kTimeProvenance, col::kDramIntensity, col::kFlopRate,
        col::kDramRate, col::kRoofShare, col::kNearestRoof, col::kSpeedup})
    add(id);
  const Guidance guidance = guidanceFor(data_, row, nullptr);
  lines << guidance.headline << guidance.warnings;
  return lines.join('\n');
}

}  // namespace kvroof::gui
