// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QObject>
#include <QStringList>
#include <cstdint>
#include <deque>
#include <map>
#include <span>

#include "gui/models/data/column.hpp"
#include "traces/index.hpp"

namespace kvroof::gui {

/// The records of all open files as columns: what every view reads. Row numbers are stable while
/// rows are appended; dropFile() renumbers and says so with reset().
class Dataset : public QObject {
  Q_OBJECT
 public:
  explicit Dataset(QObject* parent = nullptr);

  int addFile(const QString& path);
  const QStringList& files() const { return files_; }

  /// What one reading step found.
  struct Batch {
    int file = 0;
    std::size_t firstRecord = 0;  // index of rows[0] in the file
    std::vector<traces::Summary> rows;
    std::map<std::string, traces::Environment> environments;
    std::map<std::string, traces::Ceilings> ceilings;
  };
  /// Adds rows; derived columns are not known before refresh().
  void append(const Batch& batch);
  /// Drops the rows of a file that was replaced on disk, or that is closed.
  void dropFile(int file);
  /// Computes derived columns and emits changed(). Call after a run of append() and dropFile().
  void refresh();

  std::size_t size() const { return fileOf_.size(); }
  const std::deque<Column>& columns() const { return columns_; }
  /// nullptr when no record had such a field.
  const Column* find(const QString& id) const;
  /// A column that always exists: those of column_ids.hpp without a prefix. A look-up costs more
  /// than a number: loops over rows look up before them.
  const Column& at(const QString& id) const;
  Column& mutableAt(const QString& id);
  /// Whether rows that hold a value hold different ones.
  bool isVaried(const Column& column, std::span<const int> rows) const;
  /// Ids of columns with more than one value over `rows` that a sweep may have varied.
  QStringList variedAxes(std::span<const int> rows) const;

  int fileOf(std::size_t row) const { return fileOf_[row]; }
  std::size_t recordOf(std::size_t row) const { return recordOf_[row]; }
  /// Hash of traces::configuration_key() without the backend: equal rows are the same
  /// configuration.
  std::uint64_t configurationOf(std::size_t row) const { return configurationOf_[row]; }
  /// nullptr when the record names none or the file does not hold it yet.
  const traces::Ceilings* ceilingsOf(std::size_t row) const;
  const traces::Environment* environmentOf(std::size_t row) const;
  const std::string& ceilingsId(std::size_t row) const;

 signals:
  void rowsAppended(int first, int last);
  void reset();
  void changed();

 private:
  /// Fields with names of their own: axes, phases, metrics of fidelity.
  struct DynamicKind {
    QLatin1String prefix;     // of the id
    const char* titlePrefix;  // of the title
    ColumnKind kind;
    ColumnRole role;
    Quantity quantity;
  };
  Column& dynamicColumn(const DynamicKind& kind, const std::string& name);
  void appendDynamic(const traces::Summary& summary);
  void resolveIds();

  QStringList files_;
  std::deque<Column> columns_;
  QHash<QString, int> indexOf_;
  std::size_t numFixed_ = 0;
  std::vector<int> fileOf_;
  std::vector<std::size_t> recordOf_;
  std::vector<std::uint64_t> configurationOf_;
  std::vector<int> environmentIdOf_, ceilingsIdOf_;  // indices into ids_
  std::vector<std::string> ids_{""};
  std::unordered_map<std::string, int> idCode_{{"", 0}};
  std::map<std::string, traces::Environment> environments_;
  std::map<std::string, traces::Ceilings> ceilings_;
  // By index into ids_; nullptr while the file does not hold that line.
  std::vector<const traces::Environment*> environmentOfId_;
  std::vector<const traces::Ceilings*> ceilingsOfId_;
  // By name: making the id of a column costs more than finding it.
  std::map<std::pair<const DynamicKind*, std::string>, Column*> dynamicColumns_;
  std::size_t numWithDevice_ = 0;  // leading rows whose device is known
};

/// All rows: 0, 1, ..., size - 1.
std::vector<int> allRows(const Dataset& data);

}  // namespace kvroof::gui
