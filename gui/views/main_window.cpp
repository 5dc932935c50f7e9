// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/main_window.hpp"

#include <QApplication>
#include <QCloseEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QSettings>
#include <QStatusBar>
#include <QTabBar>
#include <QVBoxLayout>

#include "gui/state/recent_files.hpp"
#include "gui/views/chart_view.hpp"
#include "gui/views/compare_view.hpp"
#include "gui/views/details_view.hpp"
#include "gui/views/filter_bar.hpp"
#include "gui/views/notice_bar.hpp"
#include "gui/views/plot/chart_plot.hpp"
#include "gui/views/table_view.hpp"

namespace kvroof::gui {
namespace {
constexpr int kLayoutVersion = 2;  // raised when saved layouts no longer fit the docks
}

MainWindow::MainWindow(QWidget* parent) : QMainWindow(parent), loader_(session_) {
  setWindowTitle(QStringLiteral("kvroof-view"));
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
  setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  filterBar_ = new FilterBar(session_, this);
  addToolBar(filterBar_);
  notices_ = new NoticeBar(this);
  // Docks fill the window; what is left in the middle holds messages and has no height without
  // them. Were it hidden, Qt would give docks new sizes whenever something in them changes.
  auto* middle = new QWidget(this);
  middle->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(notices_);
  setCentralWidget(middle);
  makeDocks();
  makeMenus();
  makeStatus();
  connectLoader();
  resize(1280, 800);
  resetLayout();
  restoreLayout();
}

/// Views refer to the session, which dies before the children of a widget do.
MainWindow::~MainWindow() {
  hide();
  qDeleteAll(docks_);
  delete filterBar_;
}

QDockWidget* MainWindow::addDock(const QString& name, const QString& title, QWidget* content) {
  auto* dock = new QDockWidget(title, this);
  dock->setObjectName(name);
  dock->setWidget(content);
  docks_ << dock;
  return dock;
}

void MainWindow::makeDocks() {
  for (const ViewSpec& view : chartViews()) {
    if (view.name == "compare") {
      auto* compare = new CompareView(view, session_, this);
      charts_[view.name] = &compare->chart();
      addDock(view.name, view.title, compare);
      continue;
    }
    charts_[view.name] = new ChartView(view, session_, this);
    addDock(view.name, view.title, charts_[view.name]);
  }
  table_ = new TableView(session_, this);
  addDock("table", tr("Records"), table_);
  addDock("details", tr("Details"), new DetailsView(session_, this));
  seen_.setSingleShot(true);
  connect(&seen_, &QTimer::timeout, this, &MainWindow::enableSeen);
  for (QDockWidget* dock : docks_)
    connect(dock, &QDockWidget::visibilityChanged, this, [this, dock](bool isVisible) {
      if (isVisible && charts_.contains(dock->objectName())) lastChart_ = dock->objectName();
      seen_.start(0);  // when docks have their places
    });
}

/// Qt calls a dock behind another tab visible and moves it out of the window: its contents would
/// be kept up to date and take the focus.
void MainWindow::enableSeen() {
  if (!isVisible()) return;
  for (QDockWidget* dock : docks_) dock->widget()->setEnabled(!dock->visibleRegion().isEmpty());
  ChartView* wanted = chart(focusWhenSeen_);
  if (!wanted || !wanted->isEnabled()) return;
  focusWhenSeen_.clear();
  wanted->plot().setFocus(Qt::ShortcutFocusReason);
}

/// Charts of many records above, what is known of one of them to the right and below.
void MainWindow::resetLayout() {
  QDockWidget *first = docks_.front(), *table = findChild<QDockWidget*>("table"),
              *details = findChild<QDockWidget*>("details");
  for (QDockWidget* dock : docks_) {
    dock->setFloating(false);
    removeDockWidget(dock);
  }
  addDockWidget(Qt::TopDockWidgetArea, first);
  addDockWidget(Qt::BottomDockWidgetArea, table);
  addDockWidget(Qt::RightDockWidgetArea, details);
  for (QDockWidget* dock : docks_) {
    const ChartView* view = chart(dock->objectName());
    if (view && dock != first) tabifyDockWidget(view->spec().needsDetails ? table : first, dock);
    dock->show();
  }
  setCorner(Qt::TopRightCorner, Qt::RightDockWidgetArea);
  setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
  arrangeDocks();
}

void MainWindow::restoreLayout() {
  QSettings settings;
  restoreGeometry(settings.value("geometry").toByteArray());
  hasSavedLayout_ = restoreState(settings.value("layout").toByteArray(), kLayoutVersion);
}

/// Docks can be given sizes and brought to the front only once they are laid out.
void MainWindow::showEvent(QShowEvent* event) {
  QMainWindow::showEvent(event);
  for (QTabBar* tabs : findChildren<QTabBar*>()) {
    tabs->setElideMode(Qt::ElideNone);
    tabs->setUsesScrollButtons(true);
  }
  if (!hasSavedLayout_) arrangeDocks();
  chart("bandwidth")->plot().setFocus(Qt::OtherFocusReason);
}

void MainWindow::arrangeDocks() {
  QDockWidget *first = docks_.front(), *table = findChild<QDockWidget*>("table"),
              *details = findChild<QDockWidget*>("details");
  resizeDocks({first, details}, {width() * 68 / 100, width() * 32 / 100}, Qt::Horizontal);
  resizeDocks({first, table}, {height() * 68 / 100, height() * 32 / 100}, Qt::Vertical);
  first->raise();
  table->raise();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  loader_.cancel();
  QSettings settings;
  settings.setValue("geometry", saveGeometry());
  settings.setValue("layout", saveState(kLayoutVersion));
  event->accept();
}

void MainWindow::makeStatus() {
  progress_ = new QProgressBar(this);
  progress_->setMaximumWidth(200);
  progress_->setAccessibleName(tr("Progress of loading"));
  cancel_ = new QToolButton(this);
  cancel_->setText(tr("Cancel"));
  connect(cancel_, &QToolButton::clicked, this, [this] {
    loader_.cancel();
    progress_->hide();
    cancel_->hide();
    session_.data().refresh();
    statusBar()->showMessage(
        tr("Loading was cancelled: only what had been read is shown. F5 reads on."));
  });
  statusBar()->addPermanentWidget(progress_);
  statusBar()->addPermanentWidget(cancel_);
  progress_->hide();
  cancel_->hide();
}

void MainWindow::connectLoader() {
  connect(&loader_, &Loader::progress, this, [this](const QString& path, int percent) {
    statusBar()->showMessage(tr("Reading %1 …").arg(path));
    progress_->setValue(percent);
    progress_->show();
    cancel_->show();
  });
  connect(&loader_, &Loader::failed, this, [this](const QString& sentence) {
    progress_->hide();
    cancel_->hide();
    notices_->add(sentence);
  });
  connect(
      &loader_, &Loader::finished, this, [this](const QString& path, const QStringList& warnings) {
        progress_->hide();
        cancel_->hide();
        const QString name = QFileInfo(path).fileName();
        const bool isInspect = session_.inspect() && session_.inspect()->path == path;
        statusBar()->showMessage(isInspect
                                     ? tr("%1: see the cache view.").arg(name)
                                     : tr("%1: %2 records. New ones appear as they are written.")
                                           .arg(name)
                                           .arg(session_.data().size()));
        notices_->setOf(path, warnings);
        rememberFile(path);
        // A newcomer is told what limits a record without having to know that one can be selected.
        if (session_.data().size() > 0 && !std::exchange(hasChosen_, true)) session_.chooseRecord();
        QStringList names;
        for (const QString& file : session_.data().files()) names << QFileInfo(file).fileName();
        setWindowTitle(
            names.isEmpty()
                ? QStringLiteral("kvroof-view")
                : QStringLiteral("%1 – kvroof-view").arg(names.join(QStringLiteral(", "))));
        takePendingBaseline();
      });
  connect(&session_, &Session::inspectChanged, this, [this] { showView("cache"); });
}

void MainWindow::open(const QStringList& paths) {
  for (const QString& path : paths) loader_.load(path);
}

void MainWindow::openBaseline(const QString& path) {
  pendingBaseline_ = session_.open(path);
  loader_.load(path);
  takePendingBaseline();  // at once when it is open already
}

void MainWindow::takePendingBaseline() {
  const int file = session_.fileOf(pendingBaseline_.get());
  if (file < 0) return;
  pendingBaseline_.reset();
  session_.setBaselineFile(file);
  showView("compare");
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  open(paths);
  event->acceptProposedAction();
}

ChartView* MainWindow::chart(const QString& name) const { return charts_.value(name); }

void MainWindow::showView(const QString& name) {
  for (QDockWidget* dock : docks_)
    if (dock->objectName() == name) {
      dock->show();
      dock->raise();
    }
}

}  // namespace kvroof::gui
