// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/dataset.hpp"

#include <QFileInfo>
#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

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

Column& Dataset::dynamicColumn(const QString& id, const QString& title, ColumnKind kind,
                               ColumnRole role, Quantity quantity) {
  const auto found = indexOf_.constFind(id);
  if (found != indexOf_.cend()) return columns_[static_cast<std::size_t>(*found)];
  indexOf_.insert(id, static_cast<int>(columns_.size()));
  return columns_.emplace_back(ColumnInfo{id, title, kind, role, quantity});
}

void Dataset::appendDynamic(const traces::Summary& summary) {
  const std::size_t row = size();
  for (const auto& [name, value] : summary.axes) {
    const QString title = QString::fromStdString(name);
    Column& column = dynamicColumn(col::kAxisPrefix + title, title, ColumnKind::text,
                                   ColumnRole::axis, Quantity::plain);
    column.padTo(row);
    column.append(value);
  }
  for (const traces::NamedTime& phase : summary.phases) {
    const QString title = QString::fromStdString(phase.name);
    Column& column = dynamicColumn(col::kPhasePrefix + title, "phase " + title, ColumnKind::number,
                                   ColumnRole::result, Quantity::timeNs);
    column.padTo(row);
    if (column.size() == row) {
      column.append(phase.time_ns);
    } else {
      column.set(row, column.number(row) + phase.time_ns);  // a phase that is named twice
    }
  }
  for (const auto& [name, counter] : summary.fidelity) {
    const QString title = QString::fromStdString(name);
    Column& column = dynamicColumn(col::kFidelityPrefix + title, title, ColumnKind::number,
                                   ColumnRole::result, Quantity::plain);
    column.padTo(row);
    column.append(counter.value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
}

void Dataset::append(const Batch& batch) {
  environments_.insert(batch.environments.begin(), batch.environments.end());
  ceilings_.insert(batch.ceilings.begin(), batch.ceilings.end());
  if (batch.rows.empty()) return;
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
    configurationOf_.push_back(std::hash<std::string>{}(
        traces::configuration_key(summary.kernel, summary.backend, summary.problem, summary.axes)));
    fileOf_.push_back(batch.file);
  }
  for (Column& column : columns_) column.padTo(size());
  resolveDevices();
  emit rowsAppended(static_cast<int>(first), static_cast<int>(size()) - 1);
}

/// Environments may follow their records in a file, so rows without a device are tried again.
void Dataset::resolveDevices() {
  Column& device = mutableAt(col::kDevice);
  for (std::size_t row = 0; row < size(); ++row) {
    if (device.code(row) >= 0) continue;
    if (const auto* environment = environmentOf(row)) device.set(row, environment->device.name);
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
  emit reset();
}

void Dataset::refresh() {
  deriveColumns(*this);
  emit changed();
}

const traces::Ceilings* Dataset::ceilingsOf(std::size_t row) const {
  const auto found = ceilings_.find(ceilingsId(row));
  return found == ceilings_.end() ? nullptr : &found->second;
}

const traces::Environment* Dataset::environmentOf(std::size_t row) const {
  const auto found = environments_.find(ids_[static_cast<std::size_t>(environmentIdOf_[row])]);
  return found == environments_.end() ? nullptr : &found->second;
}

const std::string& Dataset::ceilingsId(std::size_t row) const {
  return ids_[static_cast<std::size_t>(ceilingsIdOf_[row])];
}

int Dataset::countValues(const Column& column, std::span<const int> rows, int limit) const {
  if (!column.isNumber()) {
    std::set<int> codes;
    for (const int row : rows)
      if (const int code = column.code(static_cast<std::size_t>(row)); code >= 0) {
        codes.insert(code);
        if (static_cast<int>(codes.size()) > limit) break;
      }
    return static_cast<int>(codes.size());
  }
  std::set<double> values;
  for (const int row : rows)
    if (const double value = column.number(static_cast<std::size_t>(row)); value == value) {
      values.insert(value);
      if (static_cast<int>(values.size()) > limit) break;
    }
  return static_cast<int>(values.size());
}

QStringList Dataset::variedAxes(std::span<const int> rows) const {
  QStringList ids;
  for (const Column& column : columns_)
    if (column.info().role == ColumnRole::axis && countValues(column, rows, 1) > 1)
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
