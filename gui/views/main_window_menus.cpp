// SPDX-License-Identifier: GPL-3.0-or-later
// The menus of the window and what they do.
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QStatusBar>

#include "gui/models/charts/csv.hpp"
#include "gui/state/recent_files.hpp"
#include "gui/views/chart_view.hpp"
#include "gui/views/filter_bar.hpp"
#include "gui/views/main_window.hpp"
#include "gui/views/notice_bar.hpp"
#include "gui/views/plot/chart_plot.hpp"
#include "gui/views/shortcut_sheet.hpp"
#include "gui/views/table_view.hpp"

namespace kvroof::gui {

void MainWindow::makeMenus() {
  makeFileMenu();
  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  edit->addAction(tr("&Copy rows"), QKeySequence::Copy, table_, &TableView::copy);
  edit->addAction(tr("&Find"), QKeySequence::Find, this, [this] {
    filterBar_->field().setFocus(Qt::ShortcutFocusReason);
    filterBar_->field().selectAll();
  });
  edit->addAction(tr("&Select nothing"), QKeySequence(tr("Ctrl+Shift+A")), this,
                  [this] { session_.selection().setCurrent(-1); });
  edit->addAction(tr("Sort by &this column"), QKeySequence(tr("Ctrl+T")), table_,
                  &TableView::sortByCurrentColumn);
  edit->addAction(tr("C&olumns…"), this,
                  [this] { table_->openColumnChooser(table_->mapToGlobal(QPoint(0, 0))); });
  QMenu* view = menuBar()->addMenu(tr("&View"));
  int number = 1;
  for (QDockWidget* dock : docks_) {
    QAction* action = view->addAction(dock->windowTitle(), this, [this, dock] {
      showView(dock->objectName());
      focusWhenSeen_ = dock->objectName();
      seen_.start(0);
    });
    if (number <= 9) action->setShortcut(QKeySequence(QStringLiteral("Alt+%1").arg(number++)));
  }
  view->addSeparator();
  view->addAction(tr("&Undo zoom"), QKeySequence::Undo, this,
                  [this] { chart(currentChart())->plot().undoZoom(); });
  view->addAction(tr("&Fit"), QKeySequence(tr("Ctrl+0")), this,
                  [this] { chart(currentChart())->plot().fit(); });
  view->addAction(tr("&Reset layout"), this, &MainWindow::resetLayout);
  QMenu* help = menuBar()->addMenu(tr("&Help"));
  QAction* keys = help->addAction(tr("&Keys"), this, [this] {
    auto* sheet = new ShortcutSheet(*menuBar(), this);
    sheet->setAttribute(Qt::WA_DeleteOnClose);
    sheet->open();
  });
  // Not every platform takes the shift that types a question mark as part of it.
  keys->setShortcuts({QKeySequence(Qt::Key_Question), QKeySequence(Qt::SHIFT | Qt::Key_Question),
                      QKeySequence(Qt::Key_F1)});
  help->addAction(tr("&About"), this, [this] {
    QMessageBox::about(
        this, tr("About kvroof-view"),
        tr("kvroof-view %1 shows traces of kvroof. GPL-3.0-or-later; plots by QCustomPlot.")
            .arg(QCoreApplication::applicationVersion()));
  });
}

void MainWindow::makeFileMenu() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  file->addAction(tr("&Open…"), QKeySequence::Open, this, &MainWindow::chooseFiles);
  QMenu* recent = file->addMenu(tr("Open &recent"));
  connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecent(recent); });
  file->addAction(tr("Compare with &baseline…"), QKeySequence(tr("Ctrl+B")), this,
                  &MainWindow::chooseBaseline);
  file->addAction(tr("Re&load"), QKeySequence::Refresh, &loader_, &Loader::reload);
  file->addSeparator();
  file->addAction(tr("&Export view…"), QKeySequence(tr("Ctrl+E")), this,
                  &MainWindow::exportCurrent);
  file->addAction(tr("Export &all views…"), QKeySequence(tr("Ctrl+Shift+E")), this,
                  &MainWindow::exportAll);
  file->addSeparator();
  file->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);
}

void MainWindow::fillRecent(QMenu* menu) {
  menu->clear();
  for (const QString& path : recentFiles())
    menu->addAction(path, this, [this, path] { open({path}); });
  if (menu->isEmpty()) {
    menu->addAction(tr("None yet"))->setEnabled(false);
    return;
  }
  menu->addSeparator();
  menu->addAction(tr("Forget these"), &forgetRecentFiles);
}

void MainWindow::chooseFiles() {
  open(QFileDialog::getOpenFileNames(
      this, tr("Open traces"), {}, tr("Traces (*.jsonl);;Inspect files (*.json);;All files (*)")));
}

void MainWindow::chooseBaseline() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open a baseline"), {},
                                                    tr("Traces (*.jsonl);;All files (*)"));
  if (!path.isEmpty()) openBaseline(path);
}

QString MainWindow::currentChart() const { return lastChart_; }

void MainWindow::report(const ExportResult& result) {
  for (const QString& problem : result.problems + result.notices) notices_->add(problem);
  if (!result.written.isEmpty())
    statusBar()->showMessage(tr("Written: %1").arg(result.written.join(QStringLiteral(", "))));
}

/// All columns of the rows that the filter leaves.
void MainWindow::exportTable() {
  const QString path =
      QFileDialog::getSaveFileName(this, tr("Export the records"), "table.csv", tr("Data (*.csv)"));
  if (path.isEmpty()) return;
  const QString problem = writeText(path, rowsAsCsv(session_.data(), session_.filter().rows()));
  report({problem.isEmpty() ? QStringList{path} : QStringList{},
          {},
          problem.isEmpty() ? QStringList{} : QStringList{problem}});
}

void MainWindow::exportCurrent() {
  if (table_->hasFocus()) return exportTable();
  ChartView* view = chart(currentChart());
  const QString path = QFileDialog::getSaveFileName(
      this, tr("Export %1").arg(view->spec().title), currentChart() + ".svg",
      tr("Pictures and data (*.svg *.png *.pdf *.csv)"));
  if (path.isEmpty()) return;
  const QString suffix = QFileInfo(path).suffix().toLower();
  QString problem;
  if (suffix == "csv") {
    problem = writeText(path, viewAsCsv(session_, view->spec().name, view->plot().chart()));
  } else if (suffix == "png" || suffix == "svg" || suffix == "pdf") {
    const auto format = suffix == "png"   ? ChartPlot::Format::png
                        : suffix == "svg" ? ChartPlot::Format::svg
                                          : ChartPlot::Format::pdf;
    const double ratio = format == ChartPlot::Format::png ? view->plot().devicePixelRatioF() : 1;
    problem = view->plot().savePicture(path, format, view->plot().size() * ratio);
  } else {
    problem = tr("%1: end the name with .svg, .png, .pdf or .csv to say what to write.").arg(path);
  }
  report({problem.isEmpty() ? QStringList{path} : QStringList{},
          {},
          problem.isEmpty() ? QStringList{} : QStringList{problem}});
}

void MainWindow::exportAll() {
  const QString folder =
      QFileDialog::getExistingDirectory(this, tr("Export all views into a folder"));
  if (folder.isEmpty()) return;
  ExportRequest request{.folder = folder, .views = {"all"}, .formats = {"png", "csv"}};
  for (auto view = charts_.cbegin(); view != charts_.cend(); ++view)
    request.choices[view.key()] = view.value()->choices();
  QStringList there;
  for (const QString& name : exportableViews())
    for (const QString& format : request.formats)
      if (const QString file = name + '.' + format; QFile::exists(QDir(folder).filePath(file)))
        there << file;
  if (!there.isEmpty() &&
      QMessageBox::question(this, tr("Export all views"),
                            tr("%1 are in %2. Replace them?").arg(there.join(", "), folder)) !=
          QMessageBox::Yes)
    return;
  report(exportViews(session_, request));
}

}  // namespace kvroof::gui
