// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/dataset.hpp"

#include <QFileInfo>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/derived_columns.hpp"
#include "gui/models/data/record_columns.hpp"

namespace kvroof::gui {
namespace {

template <class T>
void keepOnly(std::vector<T>& values, const std::vector<char>& keep) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (keep[i]) values[next++] = values[i];
  values.resize(next);
}

}  // namespace

Dataset::Dataset(QObject* parent) : QObject(parent) {
  for (const RecordField& field : recordFields()) columns_.emplace_back(field.info);
  numFixed_ = columns_.size();
  for (const ColumnInfo& info : derivedColumns()) columns_.emplace_back(info);
  columns_.emplace_back(
      ColumnInfo{col::kDevice, "device", ColumnKind::text, ColumnRole::axis, Quantity::plain});
  columns_.emplace_back(
      ColumnInfo{col::kFile, "file", ColumnKind::text, ColumnRole::identity, Quantity::plain});
  columns_.emplace_back(ColumnInfo{col::kRecord, "record", ColumnKind::number, ColumnRole::identity,
                                   Quantity::count});
  for (std::size_t i = 0; i < columns_.size(); ++i)
    indexOf_.insert(columns_[i].info().id, static_cast<int>(i));
}

int Dataset::addFile(const QString& path) {
  files_.push_back(path);
  return static_cast<int>(files_.size()) - 1;
}

const Column* Dataset::find(const QString& id) const {
  const auto found = indexOf_.constFind(id);
  return found == indexOf_.cend() ? nullptr : &columns_[static_cast<std::size_t>(*found)];
}

const Column& Dataset::at(const QString& id) const {
  const Column* column = find(id);
  Q_ASSERT_X(column, "Dataset::at", qPrintable(id));
  return *column;
}

Column& Dataset::mutableAt(const QString& id) {
  return columns_[static_cast<std::size_t>(indexOf_.value(id))];
}

Column& Dataset::dynamicColumn(const DynamicKind& kind, const std::string& name) {
  Column*& column = dynamicColumns_[{&kind, name}];
  if (!column) {
    const QString title = QString::fromStdString(name), id = kind.prefix + title;
    indexOf_.insert(id, static_cast<int>(columns_.size()));
    column = &columns_.emplace_back(ColumnInfo{id, QLatin1String(kind.titlePrefix) + title,
                                               kind.kind, kind.role, kind.quantity});
  }
  column->padTo(size());
  return *column;
}

void Dataset::appendDynamic(const traces::Summary& summary) {
  static constexpr DynamicKind kAxis{col::kAxisPrefix, "", ColumnKind::text, ColumnRole::axis,
                                     Quantity::plain};
  static constexpr DynamicKind kPhase{col::kPhasePrefix, "phase ", ColumnKind::number,
                                      ColumnRole::result, Quantity::timeNs};
  static constexpr DynamicKind kFidelity{col::kFidelityPrefix, "", ColumnKind::number,
                                         ColumnRole::result, Quantity::plain};
  for (const auto& [name, value] : summary.axes) dynamicColumn(kAxis, name).append(value);
  for (const traces::NamedTime& phase : summary.phases) {
    Column& column = dynamicColumn(kPhase, phase.name);
    if (column.size() == size()) {
      column.append(phase.time_ns);
    } else {
      column.set(size(), column.number(size()) + phase.time_ns);  // a phase that is named twice
    }
  }
  for (const auto& [name, counter] : summary.fidelity)
    dynamicColumn(kFidelity, name)
        .append(counter.value.value_or(std::numeric_limits<double>::quiet_NaN()));
}

void Dataset::append(const Batch& batch) {
  environments_.insert(batch.environments.begin(), batch.environments.end());
  ceilings_.insert(batch.ceilings.begin(), batch.ceilings.end());
  if (batch.rows.empty()) return resolveIds();
  const auto& fields = recordFields();
  const std::string file = QFileInfo(files_[batch.file]).fileName().toStdString();
  const auto codeOfId = [this](const std::string& id) {
    const auto [entry, isNew] = idCode_.try_emplace(id, static_cast<int>(ids_.size()));
    if (isNew) ids_.push_back(id);
    return entry->second;
  };
  const std::size_t first = size();
  Column& fileColumn = mutableAt(col::kFile);
  Column& recordColumn = mutableAt(col::kRecord);
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const traces::Summary& summary = batch.rows[i];
    for (std::size_t f = 0; f < numFixed_; ++f) {
      if (fields[f].number) {
        columns_[f].append(fields[f].number(summary));
      } else {
        columns_[f].append(fields[f].text(summary));
      }
    }
    appendDynamic(summary);
    fileColumn.append(file);
    recordColumn.append(static_cast<double>(batch.firstRecord + i + 1));
    recordOf_.push_back(batch.firstRecord + i);
    environmentIdOf_.push_back(codeOfId(summary.environment_id));
    ceilingsIdOf_.push_back(codeOfId(summary.ceilings_id));
    configurationOf_.push_back(std::hash<std::string>{}(traces::configuration_key(
        summary.kernel, traces::Backend::cuda, summary.problem, summary.axes)));
    fileOf_.push_back(batch.file);
  }
  for (Column& column : columns_) column.padTo(size());
  resolveIds();
  emit rowsAppended(static_cast<int>(first), static_cast<int>(size()) - 1);
}

/// Environments and ceilings may follow their records in a file, so what was not there is looked
/// for again.
void Dataset::resolveIds() {
  environmentOfId_.resize(ids_.size());
  ceilingsOfId_.resize(ids_.size());
  for (std::size_t id = 0; id < ids_.size(); ++id) {
    const auto environment = environments_.find(ids_[id]);
    environmentOfId_[id] = environment == environments_.end() ? nullptr : &environment->second;
    const auto ceilings = ceilings_.find(ids_[id]);
    ceilingsOfId_[id] = ceilings == ceilings_.end() ? nullptr : &ceilings->second;
  }
  Column& device = mutableAt(col::kDevice);
  bool areAllKnown = true;
  for (std::size_t row = numWithDevice_; row < size(); ++row) {
    const auto* environment = environmentOf(row);
    if (environment && device.code(row) < 0) device.set(row, environment->device.name);
    areAllKnown = areAllKnown && environment;
    if (areAllKnown) numWithDevice_ = row + 1;
  }
}

void Dataset::dropFile(int file) {
  std::vector<char> keep(size());
  for (std::size_t row = 0; row < size(); ++row) keep[row] = fileOf_[row] != file;
  for (Column& column : columns_) column.keepOnly(keep);
  keepOnly(recordOf_, keep);
  keepOnly(configurationOf_, keep);
  keepOnly(environmentIdOf_, keep);
  keepOnly(ceilingsIdOf_, keep);
  keepOnly(fileOf_, keep);
  numWithDevice_ = 0;
  emit reset();
}

void Dataset::refresh() {
  deriveColumns(*this);
  emit changed();
}

const traces::Ceilings* Dataset::ceilingsOf(std::size_t row) const {
  return ceilingsOfId_[static_cast<std::size_t>(ceilingsIdOf_[row])];
}

const traces::Environment* Dataset::environmentOf(std::size_t row) const {
  return environmentOfId_[static_cast<std::size_t>(environmentIdOf_[row])];
}

const std::string& Dataset::ceilingsId(std::size_t row) const {
  return ids_[static_cast<std::size_t>(ceilingsIdOf_[row])];
}

bool Dataset::isVaried(const Column& column, std::span<const int> rows) const {
  if (!column.isNumber() && column.texts().size() < 2) return false;
  int first = -1;  // of those that are known
  for (const int row : rows) {
    const auto r = static_cast<std::size_t>(row);
    if (column.isNumber() ? std::isnan(column.number(r)) : column.code(r) < 0) continue;
    if (first < 0) first = row;
    if (!column.same(static_cast<std::size_t>(first), r)) return true;
  }
  return false;
}

QStringList Dataset::variedAxes(std::span<const int> rows) const {
  QStringList ids;
  for (const Column& column : columns_)
    if (column.info().role == ColumnRole::axis && isVaried(column, rows))
      ids.push_back(column.info().id);
  if (files_.size() > 1) ids.push_back(col::kFile);
  return ids;
}

std::vector<int> allRows(const Dataset& data) {
  std::vector<int> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace kvroof::gui
