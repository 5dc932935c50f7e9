// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/table_view.hpp"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>

#include "gui/state/session.hpp"

namespace kvroof::gui {

TableView::TableView(Session& session, QWidget* parent)
    : QTableView(parent), session_(session), model_(session.data(), session.filter()) {
  setModel(&model_);
  setObjectName(QStringLiteral("table"));
  setAccessibleName(tr("Records"));
  setSelectionBehavior(SelectRows);
  setAlternatingRowColors(true);
  setSortingEnabled(true);
  horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  horizontalHeader()->setSectionsMovable(true);
  horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
  horizontalHeader()->setResizeContentsPrecision(50);
  verticalHeader()->hide();
  verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  setTabKeyNavigation(false);
  connect(horizontalHeader(), &QWidget::customContextMenuRequested, this,
          [this](QPoint at) { openColumnChooser(horizontalHeader()->mapToGlobal(at)); });
  connect(selectionModel(), &QItemSelectionModel::selectionChanged, this,
          &TableView::setSelectionFromTable);
  connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          &TableView::setSelectionFromTable);
  connect(&session.selection(), &Selection::changed, this, &TableView::followSelection);
  connect(&model_, &QAbstractItemModel::modelReset, this, [this] {
    showDefaultColumns();
    followSelection();
  });
  showDefaultColumns();
}

/// Columns that came since the last look are shown or hidden; what a reader chose stays.
void TableView::showDefaultColumns() {
  const int count = model_.columnCount();
  for (int section = numColumnsSeen_; section < count; ++section)
    setColumnHidden(section, !model_.isShownByDefault(section));
  const bool hasNew =
      count > numColumnsSeen_ || (numColumnsSeen_ == count && model_.rowCount() > 0 &&
                                  columnWidth(0) == horizontalHeader()->defaultSectionSize());
  numColumnsSeen_ = count;
  if (hasNew && model_.rowCount() > 0) resizeColumnsToContents();
}

void TableView::openColumnChooser(QPoint where) {
  QMenu menu;
  for (int section = 0; section < model_.columnCount(); ++section) {
    QAction* action =
        menu.addAction(model_.headerData(section, Qt::Horizontal, Qt::DisplayRole).toString());
    action->setCheckable(true);
    action->setChecked(!isColumnHidden(section));
    connect(action, &QAction::toggled, this,
            [this, section](bool isShown) { setColumnHidden(section, !isShown); });
  }
  menu.exec(where);
}

std::vector<int> TableView::shownSections() const {
  std::vector<int> sections;
  for (int visual = 0; visual < model_.columnCount(); ++visual) {
    const int section = horizontalHeader()->logicalIndex(visual);
    if (!isColumnHidden(section)) sections.push_back(section);
  }
  return sections;
}

QString TableView::asTsv() const {
  std::vector<int> rows;
  for (const QModelIndex& index : selectionModel()->selectedRows()) rows.push_back(index.row());
  std::sort(rows.begin(), rows.end());
  if (rows.empty())
    for (int row = 0; row < model_.rowCount(); ++row) rows.push_back(row);
  return model_.asTsv(rows, shownSections());
}

void TableView::copy() { QApplication::clipboard()->setText(asTsv()); }

void TableView::sortByCurrentColumn() {
  const int column = currentIndex().column();
  if (column < 0) return;
  const bool isSorted = horizontalHeader()->sortIndicatorSection() == column;
  const bool isAscending = horizontalHeader()->sortIndicatorOrder() == Qt::AscendingOrder;
  sortByColumn(column, isSorted && isAscending ? Qt::DescendingOrder : Qt::AscendingOrder);
}

void TableView::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) return copy();
  QTableView::keyPressEvent(event);
}

void TableView::followSelection() {
  isFollowing_ = true;
  QItemSelection items;
  const auto& selected = session_.selection().selected();
  constexpr std::size_t kMostMarked = 5000;  // more would take seconds to mark one by one
  if (selected.size() <= kMostMarked)
    for (const int row : selected)
      if (const int at = model_.tableRow(row); at >= 0)
        items.select(model_.index(at, 0), model_.index(at, model_.columnCount() - 1));
  selectionModel()->select(items, QItemSelectionModel::ClearAndSelect);
  if (const int at = model_.tableRow(session_.selection().current()); at >= 0) {
    int column = std::max(0, currentIndex().column());
    while (column < model_.columnCount() - 1 && isColumnHidden(column)) ++column;
    selectionModel()->setCurrentIndex(model_.index(at, column), QItemSelectionModel::NoUpdate);
    scrollTo(model_.index(at, column));
  }
  isFollowing_ = false;
}

void TableView::setSelectionFromTable() {
  if (isFollowing_) return;
  std::set<int> rows;
  for (const QModelIndex& index : selectionModel()->selectedRows())
    rows.insert(model_.datasetRow(index.row()));
  const QModelIndex current = currentIndex();
  const int currentRow = current.isValid() ? model_.datasetRow(current.row()) : -1;
  if (rows.empty()) return;
  isFollowing_ = true;
  session_.selection().set(rows.contains(currentRow) ? currentRow : *rows.begin(), rows);
  isFollowing_ = false;
}

}  // namespace kvroof::gui
