// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/chart_view.hpp"

#include <QCheckBox>
#include <QLabel>
#include <QSignalBlocker>
#include <QToolBar>
#include <QVBoxLayout>

#include "gui/models/data/column_ids.hpp"
#include "gui/state/session.hpp"
#include "gui/views/plot/chart_plot.hpp"

namespace kvroof::gui {

ChartView::ChartView(const ViewSpec& spec, Session& session, QWidget* parent)
    : QWidget(parent),
      spec_(spec),
      session_(session),
      plot_(new ChartPlot(this)),
      rebuild_(new UpdateWhenSeen(this, [this] { rebuild(); })) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  auto* bar = new QToolBar(this);
  addChoosers(bar);
  bar->setVisible(!bar->actions().isEmpty());
  layout->addWidget(bar);
  layout->addWidget(plot_, 1);
  plot_->setAccessibleName(spec_.title);
  plot_->setDescriber([this](int row) { return session_.describe(row); });
  connect(&session.filter(), &RowFilter::changed, rebuild_, &UpdateWhenSeen::schedule);
  connect(&session, &Session::baselineChanged, rebuild_, &UpdateWhenSeen::schedule);
  connect(&session, &Session::inspectChanged, rebuild_, &UpdateWhenSeen::schedule);
  connect(&session.selection(), &Selection::changed, this, &ChartView::mark);
  connect(plot_, &ChartPlot::rowPicked, this,
          [this](int row) { session_.selection().setCurrent(row); });
  connect(plot_, &ChartPlot::rowAdded, this, [this](int row) {
    auto rows = session_.selection().selected();
    rows.insert(row);
    session_.selection().set(row, std::move(rows));
  });
  connect(plot_, &ChartPlot::rowsBrushed, this,
          [this](const std::set<int>& rows) { session_.selection().setSelected(rows); });
}

QComboBox* ChartView::addChooser(QToolBar* bar, const QString& name, const QString& label,
                                 void (*choose)(ChartOptions&, const QString&)) {
  auto* text = new QLabel(QStringLiteral(" %1 ").arg(label), bar);
  auto* box = new QComboBox(bar);
  box->setObjectName(name);
  box->setAccessibleName(label);
  box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  text->setBuddy(box);
  bar->addWidget(text);
  bar->addWidget(box);
  connect(box, &QComboBox::activated, this, [this, box, choose] {
    choose(options_, box->currentData().toString());
    rebuild_->schedule();
  });
  return box;
}

void ChartView::addChoosers(QToolBar* bar) {
  const ChartControls& controls = spec_.controls;
  if (controls.x)
    addChooser(bar, "x", tr("Along:"), [](ChartOptions& o, const QString& id) { o.x = id; });
  if (controls.sweep)
    addChooser(bar, "sweep", tr("Link along:"),
               [](ChartOptions& o, const QString& id) { o.sweep = id; });
  if (controls.metric)
    addChooser(bar, "metric", tr("Metric:"),
               [](ChartOptions& o, const QString& id) { o.metric = id; });
  if (controls.colour)
    addChooser(bar, "colour", tr("Colour:"),
               [](ChartOptions& o, const QString& id) { o.colour = id; });
  if (controls.shape)
    addChooser(bar, "shape", tr("Shape:"),
               [](ChartOptions& o, const QString& id) { o.shape = id; });
  if (controls.levels) {
    auto* box = addChooser(bar, "levels", tr("Levels:"), [](ChartOptions& o, const QString& id) {
      o.levels = id == "all" ? LevelDots::allLinked : LevelDots::dram;
    });
    box->addItem(tr("DRAM"), "dram");
    box->addItem(tr("DRAM, L2 and shared, linked"), "all");
  }
  if (controls.size) {
    auto* check = new QCheckBox(tr("Size by time"), bar);
    check->setObjectName("size");
    check->setChecked(true);
    bar->addWidget(check);
    connect(check, &QCheckBox::toggled, this, [this](bool isOn) {
      options_.sizeByTime = isOn;
      rebuild_->schedule();
    });
  }
  if (controls.head) {
    auto* box = addChooser(bar, "head", tr("Head:"), [](ChartOptions&, const QString&) {});
    connect(box, &QComboBox::activated, this, [this](int index) {
      inspectHead_ = static_cast<std::size_t>(std::max(index, 0));
      rebuild_->schedule();
    });
  }
}

void ChartView::fillColumns(const QString& name, const QStringList& ids) {
  QComboBox* box = chooser(name);
  if (!box) return;
  const QVariant chosen = box->currentData();
  QStringList wanted{QString()};
  wanted += ids;
  QStringList shown;
  for (int i = 0; i < box->count(); ++i) shown << box->itemData(i).toString();
  if (shown == wanted) return;
  const QSignalBlocker blocker(box);
  box->clear();
  for (const QString& id : wanted)
    box->addItem(id.isEmpty() ? tr("automatic") : session_.data().at(id).info().title, id);
  box->setCurrentIndex(std::max(0, box->findData(chosen)));
}

void ChartView::fillChoosers() {
  const QStringList axes = session_.data().variedAxes(session_.filter().rows());
  QStringList numeric, encodings = axes, metrics;
  encodings << QString(col::kStatus) << QString(col::kNearestRoof) << QString(col::kTimeProvenance);
  for (const QString& id : axes)
    if (session_.data().at(id).isNumber()) numeric << id;
  numeric << QString(col::kDenseBytes) << QString(col::kCompressedBytes);
  for (const Column& column : session_.data().columns())
    if (column.info().id.startsWith(col::kFidelityPrefix)) metrics << column.info().id;
  fillColumns("x", numeric);
  fillColumns("sweep", axes);
  fillColumns("colour", encodings);
  fillColumns("shape", encodings);
  fillColumns("metric", metrics);
  QComboBox* heads = chooser("head");
  const InspectFile* inspect = session_.inspect();
  if (!heads || !inspect || heads->count() == static_cast<int>(inspect->planes.size())) return;
  heads->clear();
  for (const InspectPlane& plane : inspect->planes)
    heads->addItem(tr("layer %1, head %2, %3").arg(plane.layer).arg(plane.head).arg(plane.side));
}

void ChartView::rebuild() {
  fillChoosers();
  plot_->showChart(spec_.build(session_.inputFor(spec_, options_, inspectHead_)));
  plot_->setMarked(session_.selection().current(), session_.selection().selected());
}

/// A chart explains the current record (its floors, steps, levels), so small ones are built anew;
/// of large ones only the rings move.
void ChartView::mark() {
  plot_->setMarked(session_.selection().current(), session_.selection().selected());
  if (session_.filter().rows().size() <= kThinForRebuild) return rebuild_->schedule();
  if (spec_.needsDetails) rebuild_->schedule();
}

}  // namespace kvroof::gui
