// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/compare_view.hpp"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>

#include "gui/state/session.hpp"

namespace kvroof::gui {

CompareView::CompareView(const ViewSpec& spec, Session& session, QWidget* parent)
    : QWidget(parent),
      session_(session),
      chart_(new ChartView(spec, session, this)),
      baseline_(new QComboBox(this)),
      summary_(new QLabel(this)),
      table_(new QTableView(this)),
      model_(session.data()),
      update_(new UpdateWhenSeen(this, [this] { update(); })) {
  auto* row = new QHBoxLayout;
  auto* label = new QLabel(tr("Baseline:"), this);
  label->setBuddy(baseline_);
  baseline_->setAccessibleName(tr("Baseline"));
  row->addWidget(label);
  row->addWidget(baseline_);
  row->addWidget(summary_, 1);
  auto* splitter = new QSplitter(Qt::Vertical, this);
  splitter->addWidget(chart_);
  splitter->addWidget(table_);
  splitter->setSizes({400, 120});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 0);
  layout->addLayout(row);
  layout->addWidget(splitter, 1);
  table_->setModel(&model_);
  table_->setAccessibleName(tr("Changes, worst regression first"));
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  table_->horizontalHeader()->setStretchLastSection(true);
  table_->verticalHeader()->hide();
  table_->setTabKeyNavigation(false);
  summary_->setToolTip(
      tr("Faster or slower: the quartile intervals are apart and the medians differ by more than "
         "0.5 %."));
  connect(baseline_, &QComboBox::activated, this,
          [this] { session_.setBaselineFile(baseline_->currentData().toInt()); });
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& current) {
            if (current.isValid())
              session_.selection().setCurrent(
                  model_.deltas()[static_cast<std::size_t>(current.row())].row);
          });
  connect(&session.filter(), &RowFilter::changed, update_, &UpdateWhenSeen::schedule);
  connect(&session, &Session::baselineChanged, update_, &UpdateWhenSeen::schedule);
  connect(&session, &Session::filesChanged, this, &CompareView::fillBaselines);
  fillBaselines();
}

void CompareView::fillBaselines() {
  baseline_->clear();
  baseline_->addItem(tr("the model's prediction"), -1);
  for (int file = 0; file < session_.data().files().size(); ++file)
    baseline_->addItem(QFileInfo(session_.data().files()[file]).fileName(), file);
  baseline_->setCurrentIndex(baseline_->findData(session_.baselineFile()));
}

void CompareView::update() {
  baseline_->setCurrentIndex(baseline_->findData(session_.baselineFile()));
  model_.show(compareRows(session_.data(), session_.filter().rows(), session_.baselineFile()));
  summary_->setText(model_.summary());
  table_->resizeColumnsToContents();
}

}  // namespace kvroof::gui
