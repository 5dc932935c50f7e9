// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/state/session.hpp"

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

std::shared_ptr<TraceSource> Session::open(const QString& path) {
  const QFileInfo file(path);
  const QString canonical = file.canonicalFilePath();  // "" when there is no such file
  const QString full = canonical.isEmpty() ? file.absoluteFilePath() : canonical;
  for (const auto& source : opened_)
    if (source->path() == full) return source;
  return opened_.emplace_back(std::make_shared<TraceSource>(full));
}

int Session::fileOf(const TraceSource* source) const {
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (sources_[i].get() == source) return static_cast<int>(i);
  return -1;
}

void Session::take(const std::shared_ptr<TraceSource>& source, TraceSource::Step step) {
  if (step.inspect) {
    inspect_ = std::move(step.inspect);
    emit inspectChanged();
    return;
  }
  if (fileOf(source.get()) < 0) {
    data_.addFile(source->path());
    sources_.push_back(source);
    emit filesChanged();
  }
  step.batch.file = fileOf(source.get());
  if (step.replaced) data_.dropFile(step.batch.file);
  data_.append(step.batch);
}

void Session::readAll(const QString& path) {
  constexpr std::uint64_t kStepBytes = 64ull << 20;
  const auto source = open(path);
  for (bool atEnd = false; !atEnd;) {
    TraceSource::Step step = source->read(kStepBytes);
    atEnd = step.atEnd;
    take(source, std::move(step));
  }
  data_.refresh();
}

void Session::setBaselineFile(int file) {
  if (file == baselineFile_) return;
  baselineFile_ = file;
  emit baselineChanged();
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
