// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDockWidget>
#include <QLabel>
#include <QMainWindow>
#include <QProgressBar>
#include <QTimer>
#include <QToolButton>

#include "gui/headless/arguments.hpp"
#include "gui/state/loader.hpp"
#include "gui/state/session.hpp"

namespace kvroof::gui {

class ChartView;
class FilterBar;
class NoticeBar;
class TableView;

/// The window: views as docks around one session.
class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(QWidget* parent = nullptr);
  ~MainWindow() override;

  void open(const QStringList& paths);
  void openBaseline(const QString& path);
  Session& session() { return session_; }
  Loader& loader() { return loader_; }
  TableView& table() { return *table_; }
  NoticeBar& notices() { return *notices_; }
  FilterBar& filterBar() { return *filterBar_; }
  /// nullptr for a name that is no chart.
  ChartView* chart(const QString& name) const;
  /// Brings a dock to the front.
  void showView(const QString& name);

 public slots:
  void resetLayout();

 protected:
  void showEvent(QShowEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void makeDocks();
  void enableSeen();
  QDockWidget* addDock(const QString& name, const QString& title, QWidget* content);
  void makeMenus();
  void makeFileMenu();
  void fillRecent(QMenu* menu);
  void makeStatus();
  void connectLoader();
  void chooseFiles();
  void chooseBaseline();
  void exportCurrent();
  void exportTable();
  void exportAll();
  void takePendingBaseline();
  QString currentChart() const;
  void arrangeDocks();
  void restoreLayout();
  void report(const ExportResult& result);

  Session session_;
  Loader loader_;
  QList<QDockWidget*> docks_;
  QTimer seen_;  // to enableSeen()
  QHash<QString, ChartView*> charts_;
  TableView* table_ = nullptr;
  NoticeBar* notices_ = nullptr;
  FilterBar* filterBar_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QToolButton* cancel_ = nullptr;
  QString lastChart_ = QStringLiteral("bandwidth");
  std::shared_ptr<TraceSource> pendingBaseline_;  // was asked for and not read yet
  QString focusWhenSeen_;  // chart whose dock is on its way to the front and cannot take it yet
  bool hasSavedLayout_ = false;
  bool hasChosen_ = false;  // a record, after the first file was read
};

}  // namespace kvroof::gui
