// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <memory>
#include <optional>
#include <vector>

#include "gui/models/charts/builder.hpp"
#include "gui/models/data/dataset.hpp"
#include "gui/models/data/inspect_file.hpp"
#include "gui/models/data/row_filter.hpp"
#include "gui/models/data/trace_source.hpp"
#include "gui/state/selection.hpp"

namespace kvroof::gui {

/// What is open and what is chosen: the state that all views of a window share.
class Session : public QObject {
  Q_OBJECT
 public:
  explicit Session(QObject* parent = nullptr);

  Dataset& data() { return data_; }
  RowFilter& filter() { return filter_; }
  Selection& selection() { return selection_; }

  /// A file to be read by whoever calls. The same file twice, by whatever path, is one.
  std::shared_ptr<TraceSource> open(const QString& path);
  /// Traces of which something was read, in the order of Dataset::files().
  const std::vector<std::shared_ptr<TraceSource>>& sources() const { return sources_; }
  /// Index into sources(); -1 for others.
  int fileOf(const TraceSource* source) const;
  /// Takes over what one reading step found.
  void take(const std::shared_ptr<TraceSource>& source, TraceSource::Step step);
  /// Reads a whole trace at once, or an inspect file. Throws TraceError or InspectError.
  void readAll(const QString& path);

  /// The file others are compared with: -1 compares with predictions.
  int baselineFile() const { return baselineFile_; }
  void setBaselineFile(int file);

  const InspectFile* inspect() const { return inspect_ ? &*inspect_ : nullptr; }

  /// Selects the record that charts explain when nobody chose one.
  void chooseRecord();
  /// All of the current record; nullptr when there is none or it cannot be read any more.
  const traces::Details* currentDetails();
  /// What a view is built from with the given choices.
  ChartInput inputFor(const ViewSpec& view, const ChartOptions& options,
                      std::size_t inspectHead = 0);
  /// A line or two about a row, for tool tips and screen readers.
  QString describe(int row);

 signals:
  void baselineChanged();
  void inspectChanged();
  void filesChanged();

 private:
  void forgetDetails() { detailsRow_ = -1, details_.reset(); }

  Dataset data_;
  RowFilter filter_;
  Selection selection_;
  std::vector<std::shared_ptr<TraceSource>> opened_, sources_;
  std::optional<InspectFile> inspect_;
  int baselineFile_ = -1;
  int detailsRow_ = -1;
  std::optional<traces::Details> details_;
};

}  // namespace kvroof::gui
