// SPDX-License-Identifier: GPL-3.0-or-later
// What a reader does with mouse and keys alone: dialogs, menus, the legend, walking without a
// mouse, and a screen with small pixels.
#include <QComboBox>
#include <QFileDialog>
#include <QLineEdit>
#include <QMenuBar>
#include <QProcess>
#include <QTimer>

#include "gui/models/data/column_ids.hpp"
#include "gui/state/recent_files.hpp"
#include "gui/views/compare_view.hpp"
#include "gui/views/filter_bar.hpp"
#include "gui/views/notice_bar.hpp"
#include "gui/views/shortcut_sheet.hpp"
#include "gui/views/table_view.hpp"
#include "tests/gui/window_fixture.hpp"

using namespace kvroof;
using namespace kvroof::gui;

namespace {

/// Answers the file dialog that opens next: types a name and presses Enter, again until the dialog,
/// which looks at the folder in a thread of its own, takes it.
void answerFileDialog(const QString& path) {
  auto* timer = new QTimer(qApp);
  QObject::connect(timer, &QTimer::timeout, timer, [timer, path, isTyped = false]() mutable {
    auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
    if (!dialog) return isTyped ? timer->deleteLater() : void();
    auto* field = dialog->findChild<QLineEdit*>("fileNameEdit");
    if (!std::exchange(isTyped, true)) {
      dialog->setDirectory(QFileInfo(path).absolutePath());
      field->setCompleter(nullptr);  // its list would take the Enter
      field->selectAll();
      QTest::keyClicks(field, QFileInfo(path).fileName());
    }
    QTest::keyClick(field, Qt::Key_Return);
  });
  timer->start(50);
}

}  // namespace

class HabitsTest : public QObject {
  Q_OBJECT

 private:
  test::Folder folder_;
  traces::Trace trace_ = test::makeSyntheticSweep();
  std::string sweep_, slower_, inspect_;

  static QString nameOf(const QWidget& widget) {
    return QStringLiteral("%1 \"%2\"").arg(widget.metaObject()->className(), widget.objectName());
  }

 private slots:
  void initTestCase() {
    test::isolateSettings();
    sweep_ = folder_.path("sweep.jsonl");
    slower_ = folder_.path("slower.jsonl");
    inspect_ = folder_.path("inspect.json");
    traces::write_trace(sweep_, trace_);
    traces::write_trace(slower_, test::makeSyntheticSweep({.seed = 2, .slowdown = 1.2}));
    test::writeSyntheticInspect(inspect_, 1);
  }
  void init() { QSettings().clear(); }

  void ctrl_o_opens_the_file_that_is_typed() {
    MainWindow window;
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    answerFileDialog(QString::fromStdString(sweep_));
    QTest::keyClick(&window, Qt::Key_O, Qt::ControlModifier);
    QTRY_COMPARE_WITH_TIMEOUT(window.session().data().size(), trace_.records.size(), 10000);
    QTRY_VERIFY(recentFiles().contains(QString::fromStdString(sweep_)));
  }

  void ctrl_b_compares_with_the_file_that_is_typed() {
    const auto window = test::openedWindow(slower_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    answerFileDialog(QString::fromStdString(sweep_));
    QTest::keyClick(window.get(), Qt::Key_B, Qt::ControlModifier);
    QTRY_COMPARE_WITH_TIMEOUT(window->session().baselineFile(), 1, 10000);
    auto* compare = window->findChild<CompareView*>();
    QTRY_VERIFY(compare->isEnabled());  // its tab is in front
    QTRY_VERIFY(compare->deltas().summary().contains("slower"));
    QVERIFY(compare->deltas().rowCount() > 50);
    auto* table = compare->findChild<QTableView*>();
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {},
                      table->visualRect(table->model()->index(2, 0)).center());
    QCOMPARE(window->session().selection().current(), compare->deltas().deltas()[2].row);
  }

  void an_open_file_is_made_the_baseline_at_once() {
    const auto window = test::openedWindow(
        QStringList{QString::fromStdString(slower_), QString::fromStdString(sweep_)});
    QCOMPARE(window->session().baselineFile(), -1);
    window->openBaseline(QString::fromStdString(sweep_));
    QCOMPARE(
        window->session().baselineFile(),
        static_cast<int>(window->session().data().files().indexOf(QString::fromStdString(sweep_))));
    QTRY_VERIFY(window->findChild<CompareView*>()->isEnabled());
  }

  void a_file_that_is_named_twice_is_read_once() {
    const QString link = folder_.folder.filePath("link.jsonl"),
                  path = QString::fromStdString(sweep_);
    QVERIFY(QFile::link(path, link));
    MainWindow window;
    window.show();
    window.open({path, folder_.folder.path() + "/./sweep.jsonl", link});
    QTRY_COMPARE_WITH_TIMEOUT(window.session().data().size(), trace_.records.size(), 10000);
    QTest::qWait(300);
    QCOMPARE(window.session().data().size(), trace_.records.size());
    QCOMPARE(window.session().data().files().size(), 1);
  }

  void ctrl_e_exports_the_view_in_front_as_the_name_says_data() {
    QTest::addColumn<QString>("suffix");
    QTest::addColumn<QByteArray>("start");
    QTest::newRow("svg") << "svg" << QByteArray("<?xml");
    QTest::newRow("png") << "png" << QByteArray("\x89PNG");
    QTest::newRow("pdf") << "pdf" << QByteArray("%PDF");
    QTest::newRow("csv") << "csv" << QByteArray("kind,\"x: context length");
  }
  void ctrl_e_exports_the_view_in_front_as_the_name_says() {
    QFETCH(QString, suffix);
    QFETCH(QByteArray, start);
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    window->showView("latency");
    QTest::qWait(60);
    const QString path = folder_.folder.filePath("latency." + suffix);
    answerFileDialog(path);
    QTest::keyClick(window.get(), Qt::Key_E, Qt::ControlModifier);
    QTRY_VERIFY(QFile::exists(path));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    QVERIFY2(bytes.startsWith(start), bytes.left(20));
    if (suffix == "svg") QVERIFY(bytes.contains("Latency roofline"));
  }

  void ctrl_e_in_the_table_exports_the_filtered_records() {
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    window->filterBar().field().setText("two_four");
    QTRY_COMPARE(window->table().records().rowCount(), 14);
    window->table().setFocus();
    const QString path = folder_.folder.filePath("table.csv");
    answerFileDialog(path);
    QTest::keyClick(window.get(), Qt::Key_E, Qt::ControlModifier);
    QTRY_VERIFY(QFile::exists(path));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray csv = file.readAll();
    QVERIFY(csv.startsWith("kernel,"));
    QCOMPARE(csv.count("\r\n"), 15);
  }

  void a_value_in_the_axis_menu_and_an_expression_filter() {
    const auto window = test::openedWindow(sweep_);
    auto* button = window->filterBar().findChild<QToolButton*>("axes");
    QMenu* axes = button->menu();
    QMetaObject::invokeMethod(axes, "aboutToShow");
    QAction* value = nullptr;
    for (QAction* axis : axes->actions())
      if (axis->text() == "batch") value = axis->menu()->actions().constFirst();
    QVERIFY(value);
    value->trigger();
    const int numOfBatch = window->table().records().rowCount();
    QVERIFY(numOfBatch > 0 && numOfBatch < static_cast<int>(trace_.records.size()));
    auto* regex = window->filterBar().findChild<QCheckBox*>();
    QTest::mouseClick(regex, Qt::LeftButton, {}, QPoint(8, regex->height() / 2));
    QVERIFY(regex->isChecked());
    QTest::keyClicks(&window->filterBar().field(), "^(two_four|dense)_decode$");
    QTRY_COMPARE(window->table().records().rowCount(), 15);  // 7 + 7 + the one above the roof
    QTest::keyClicks(&window->filterBar().field(), "(");
    QTRY_VERIFY(window->filterBar().message().contains("regular expression"));
    QCOMPARE(window->table().records().rowCount(), 15);
  }

  void a_click_on_an_underlined_legend_entry_hides_its_lines_and_a_digit_shows_them() {
    const auto window = test::openedWindow(sweep_);
    ChartPlot& plot = test::plotOf(*window, "bandwidth");
    const auto box = plot.legendBox("measured roofs");
    QVERIFY(box);
    const QImage shown = plot.grab().toImage();
    QTest::mouseClick(&plot, Qt::LeftButton, {}, box->center().toPoint());
    QVERIFY(!plot.isToggled("measured roofs"));
    plot.replot();
    QVERIFY(shown != plot.grab().toImage());
    QTest::keyClick(&plot, Qt::Key_1);
    QVERIFY(plot.isToggled("measured roofs"));
  }

  void choosers_change_the_chart_by_keyboard() {
    const auto window = test::openedWindow(sweep_);
    QComboBox* sweep = window->chart("bandwidth")->chooser("sweep");
    const auto linked = [&] {
      for (const LegendEntry& entry : test::plotOf(*window, "bandwidth").chart().legend)
        if (entry.text.startsWith("linked along")) return entry.text;
      return QString();
    };
    QCOMPARE(linked(), QString("linked along sparsity"));
    sweep->setFocus();
    for (int i = 0; i < sweep->count() && sweep->currentText() != "kv_len"; ++i)
      QTest::keyClick(sweep, Qt::Key_Down);
    QTRY_COMPARE(linked(), QString("linked along kv_len"));
  }

  void tab_reaches_plot_table_and_filter_and_all_of_them_have_names() {
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    window->filterBar().field().setFocus();
    QSet<QWidget*> reached;
    QWidget* focus = QApplication::focusWidget();
    for (int i = 0; i < 200 && focus && !reached.contains(focus); ++i) {
      reached << focus;
      const QAccessibleInterface* seen = QAccessible::queryAccessibleInterface(focus);
      QVERIFY2(seen && !seen->text(QAccessible::Name).isEmpty(), qPrintable(nameOf(*focus)));
      QVERIFY2(!focus->visibleRegion().isEmpty(), qPrintable(nameOf(*focus) + " is out of sight"));
      QTest::keyClick(focus, Qt::Key_Tab);
      focus = QApplication::focusWidget();
    }
    QVERIFY(reached.contains(&test::plotOf(*window, "bandwidth")));
    QVERIFY(reached.contains(&window->table()));
    QVERIFY(reached.contains(&window->filterBar().field()));
    QVERIFY(reached.contains(window->chart("bandwidth")->chooser("colour")));
  }

  void arrows_walk_through_every_point_and_each_is_described() {
    const auto window = test::openedWindow(sweep_);
    ChartPlot& plot = test::plotOf(*window, "bandwidth");
    std::set<int> wanted, walked;
    for (const Mark& mark : plot.chart().marks) wanted.insert(mark.row);
    plot.setFocus();
    QTest::keyClick(&plot, Qt::Key_Home);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      walked.insert(window->session().selection().current());
      QTRY_VERIFY(!plot.accessibleDescription().isEmpty());
      QTest::keyClick(&plot, Qt::Key_Right);
    }
    QVERIFY(walked == wanted);
  }

  void ctrl_arrows_pan_and_shift_arrows_select_on_the_way() {
    const auto window = test::openedWindow(sweep_);
    ChartPlot& plot = test::plotOf(*window, "bandwidth");
    const ZoomRange whole = plot.range();
    QTest::keyClick(&plot, Qt::Key_Right, Qt::ControlModifier);
    QTest::keyClick(&plot, Qt::Key_Up, Qt::ControlModifier);
    QVERIFY(plot.range().left > whole.left && plot.range().bottom > whole.bottom);
    QTest::keyClick(&plot, Qt::Key_Left, Qt::ControlModifier);
    QTest::keyClick(&plot, Qt::Key_Down, Qt::ControlModifier);
    QVERIFY(qAbs(plot.range().left / whole.left - 1) < 1e-9);
    QVERIFY(qAbs(plot.range().top / whole.top - 1) < 1e-9);
    QTest::keyClick(&plot, Qt::Key_Home);
    QTest::keyClick(&plot, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&plot, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(window->session().selection().selected().size(), std::size_t{3});
    QVERIFY(
        window->session().selection().selected().contains(window->session().selection().current()));
    QTRY_COMPARE(window->table().selectionModel()->selectedRows().size(), 3);
  }

  void ctrl_t_sorts_the_table_by_the_column_of_the_current_cell() {
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    TableView& table = window->table();
    int time = 0;
    while (table.model()->headerData(time, Qt::Horizontal).toString() != "time") ++time;
    table.setCurrentIndex(table.model()->index(0, time));
    const auto times = [&] {
      std::vector<double> ns;
      for (int i = 0; i < table.model()->rowCount(); ++i)
        if (const double t = window->session()
                                 .data()
                                 .at(col::kTime)
                                 .number(static_cast<std::size_t>(table.records().datasetRow(i)));
            t > 0)
          ns.push_back(t);
      return ns;
    };
    QTest::keyClick(window.get(), Qt::Key_T, Qt::ControlModifier);
    auto ns = times();
    QVERIFY(std::is_sorted(ns.begin(), ns.end()));
    QTest::keyClick(window.get(), Qt::Key_T, Qt::ControlModifier);
    ns = times();
    QVERIFY(std::is_sorted(ns.rbegin(), ns.rend()));
  }

  void an_export_draws_what_is_chosen_in_the_window() {
    const auto window = test::openedWindow(sweep_);
    QComboBox* x = window->chart("latency")->chooser("x");
    window->showView("latency");
    QTRY_VERIFY(x->findData(QString(col::kBatch)) > 0);
    x->setCurrentIndex(x->findData(QString(col::kBatch)));
    emit x->activated(x->currentIndex());
    QTRY_COMPARE(test::plotOf(*window, "latency").chart().x.label, QString("batch"));
    ExportRequest request{.folder = folder_.folder.filePath("all"),
                          .views = {"latency"},
                          .formats = {"csv"},
                          .choices = {{"latency", window->chart("latency")->choices()}}};
    QCOMPARE(exportViews(window->session(), request).problems, QStringList());
    QFile csv(request.folder + "/latency.csv");
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QVERIFY(csv.readAll().startsWith("kind,x: batch,"));
  }

  void the_column_chooser_hides_what_is_unchecked() {
    const auto window = test::openedWindow(sweep_);
    TableView& table = window->table();
    QVERIFY(!table.isColumnHidden(0));
    QTimer::singleShot(100, [] {
      auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
      if (!menu) return;
      menu->actions().constFirst()->trigger();
      menu->close();
    });
    table.openColumnChooser(table.mapToGlobal(QPoint(5, 5)));
    QVERIFY(table.isColumnHidden(0));
    QVERIFY(!table.asTsv().startsWith("kernel\t"));
  }

  void forget_these_forgets_the_recent_files() {
    const auto window = test::openedWindow(sweep_);
    QTRY_VERIFY(!recentFiles().isEmpty());
    QMenu* recent = nullptr;
    for (QMenu* menu : window->menuBar()->findChildren<QMenu*>())
      if (menu->title() == "Open &recent") recent = menu;
    QVERIFY(recent);
    emit recent->aboutToShow();
    QCOMPARE(recent->actions().constLast()->text(), QString("Forget these"));
    recent->actions().constLast()->trigger();
    QVERIFY(recentFiles().isEmpty());
  }

  void the_sheet_of_keys_opens_on_a_question_mark_and_names_every_shortcut() {
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    QTest::keyClick(window.get(), Qt::Key_Question, Qt::ShiftModifier);
    QTRY_VERIFY(window->findChild<ShortcutSheet*>());
    auto* sheet = window->findChild<ShortcutSheet*>();
    QString text;
    for (const QLabel* label : sheet->findChildren<QLabel*>()) text += label->text();
    for (const QAction* top : window->menuBar()->actions())
      for (const QAction* action : top->menu()->actions())
        if (!action->shortcut().isEmpty())
          QVERIFY2(
              text.contains(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped()),
              qPrintable(action->text()));
  }

  void alt_and_a_digit_brings_a_view_to_the_front_and_arrows_walk_in_it() {
    const auto window = test::openedWindow(sweep_);
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
    QTest::keyClick(window.get(), Qt::Key_2, Qt::AltModifier);
    QTRY_COMPARE(QApplication::focusWidget(), &test::plotOf(*window, "latency"));
    QTRY_VERIFY(!test::plotOf(*window, "latency").chart().marks.empty());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Home);
    const int first = window->session().selection().current();
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right);
    QVERIFY(window->session().selection().current() != first);
  }

  void docks_keep_their_sizes_while_records_are_filtered_and_selected() {
    const auto window = test::openedWindow(sweep_);
    const auto* details = window->findChild<QDockWidget*>("details");
    const auto* table = window->findChild<QDockWidget*>("table");
    QTest::qWait(200);
    const QSize before(details->width(), table->height());
    for (const char* words : {"dense", "two_four", ""}) {
      window->filterBar().field().setText(words);
      QTest::qWait(250);
      window->session().selection().setCurrent(window->session().filter().rows().back());
      QTest::qWait(50);
      QCOMPARE(QSize(details->width(), table->height()), before);
    }
  }

  void a_layout_is_kept_and_can_be_reset() {
    {
      const auto window = test::openedWindow(sweep_);
      window->findChild<QDockWidget*>("table")->hide();
      window->close();
    }
    MainWindow again;
    again.show();
    QVERIFY(!again.findChild<QDockWidget*>("table")->isVisible());
    again.resetLayout();
    QTRY_VERIFY(again.findChild<QDockWidget*>("table")->isVisible());
  }

  void an_inspect_file_opens_the_cache_view_with_its_mask() {
    const auto window = test::openedWindow(QStringList{QString::fromStdString(inspect_)});
    window->showView("cache");
    QTRY_VERIFY(test::plotOf(*window, "cache").chart().grid);
    const auto& grid = *test::plotOf(*window, "cache").chart().grid;
    QCOMPARE(grid.numColumns, std::size_t{128});
    QVERIFY(std::count(grid.pruned.begin(), grid.pruned.end(), 1.0F) > 0);
    QVERIFY(test::plotOf(*window, "cache").chart().subtitle.contains("keys"));
    QComboBox* head = window->chart("cache")->chooser("head");
    QTRY_VERIFY(head->isEnabled());
    head->setFocus();
    QTest::keyClick(head, Qt::Key_Down);
    QTRY_VERIFY(test::plotOf(*window, "cache").chart().subtitle.contains("values"));
  }

  void at_200_percent_the_window_and_a_picture_have_twice_the_pixels() {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("QT_SCALE_FACTOR", "2");
    process.setProcessEnvironment(environment);
    const QString out = folder_.folder.filePath("double");
    process.start(KVROOF_VIEW_PROGRAM, {"--export", out, "--view", "window,bandwidth", "--size",
                                        "1280x800", QString::fromStdString(sweep_)});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(QImage(out + "/window.png").size(), QSize(2560, 1600));
    QCOMPARE(QImage(out + "/bandwidth.png").size(), QSize(2560, 1600));
  }
};

QTEST_MAIN(HabitsTest)
#include "habits_test.moc"
