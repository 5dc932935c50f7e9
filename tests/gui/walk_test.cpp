// SPDX-License-Identifier: GPL-3.0-or-later
// Keys that walk through what is no record: blocks of a timeline, cells of a cache.
#include <QLabel>
#include <QMenuBar>
#include <QStatusBar>

#include "gui/models/charts/places.hpp"
#include "gui/views/shortcut_sheet.hpp"
#include "tests/gui/window_fixture.hpp"

using namespace kvroof;
using namespace kvroof::gui;

class WalkTest : public QObject {
  Q_OBJECT

 private:
  test::Folder folder_;
  std::string sweep_, inspect_;

 private slots:
  void initTestCase() {
    test::isolateSettings();
    sweep_ = folder_.path("sweep.jsonl");
    inspect_ = folder_.path("inspect.json");
    traces::write_trace(sweep_, test::makeSyntheticSweep());
    test::writeSyntheticInspect(inspect_, 1);
  }
  void init() { QSettings().clear(); }

  void arrows_walk_through_the_blocks_of_a_timeline_and_escape_leaves() {
    const auto window = test::openedWindow(sweep_);
    window->showView("timeline");
    ChartPlot& plot = test::plotOf(*window, "timeline");
    QTRY_VERIFY(plot.chart().spans.size() > 2 && plot.isEnabled());
    const Chart& chart = plot.chart();
    QVERIFY(chart.y.categories.size() > 1);
    const QString before = plot.accessibleDescription();
    std::set<std::size_t> walked;
    const auto press = [&](Qt::Key key) {
      QTest::keyClick(&plot, key);
      QVERIFY(plot.cursor());
      walked.insert(*plot.cursor());
      QCOMPARE(plot.accessibleDescription(), placeText(chart, *plot.cursor()));
      QCOMPARE(window->statusBar()->currentMessage(), plot.accessibleDescription());
    };
    press(Qt::Key_Home);
    QVERIFY(plot.accessibleDescription().contains("1 of " + QString::number(chart.spans.size())));
    for (std::size_t i = 0; i < chart.spans.size(); ++i) press(Qt::Key_Right);
    const int lane = chart.spans[*plot.cursor()].lane;
    press(lane == 0 ? Qt::Key_Up : Qt::Key_Down);
    QVERIFY(chart.spans[*plot.cursor()].lane != lane);
    for (std::size_t i = 0; i < chart.spans.size(); ++i) press(Qt::Key_Left);
    for (std::size_t i = 0; i < chart.spans.size(); ++i) press(Qt::Key_Right);
    QCOMPARE(walked.size(), chart.spans.size());
    plot.replot();
    const QImage marked = plot.grab().toImage();
    QTest::keyClick(&plot, Qt::Key_Escape);
    QVERIFY(!plot.cursor());
    QCOMPARE(plot.accessibleDescription(), before);
    QCOMPARE(window->statusBar()->currentMessage(), QString());
    plot.replot();
    QVERIFY(plot.grab().toImage() != marked);
  }

  void arrows_walk_through_the_cells_of_a_cache_also_where_they_are_out_of_sight() {
    const auto window = test::openedWindow(QStringList{QString::fromStdString(inspect_)});
    window->showView("cache");
    ChartPlot& plot = test::plotOf(*window, "cache");
    QTRY_VERIFY(plot.chart().grid && plot.isEnabled());
    const std::size_t columns = plot.chart().grid->numColumns, rows = plot.chart().grid->numRows;
    const std::vector<std::pair<Qt::Key, std::size_t>> presses{{Qt::Key_Home, 0},
                                                               {Qt::Key_Left, 0},
                                                               {Qt::Key_Down, 0},
                                                               {Qt::Key_Right, 1},
                                                               {Qt::Key_Up, columns + 1},
                                                               {Qt::Key_Left, columns},
                                                               {Qt::Key_Down, 0},
                                                               {Qt::Key_End, columns * rows - 1},
                                                               {Qt::Key_Right, columns * rows - 1}};
    for (const auto& [key, wanted] : presses) {
      QTest::keyClick(&plot, key);
      QCOMPARE(plot.cursor(), std::optional(wanted));
    }
    const QString text = plot.accessibleDescription();
    QVERIFY2(text.contains(QString("channel %1: ").arg(columns - 1)) && text.contains("key"),
             qPrintable(text));
    QCOMPARE(window->statusBar()->currentMessage(), text);
    for (int i = 0; i < 10; ++i) QTest::keyClick(&plot, Qt::Key_Plus);
    QTest::keyClick(&plot, Qt::Key_Left);
    const QPointF at = placeBox(plot.chart(), *plot.cursor()).center();
    QVERIFY(plot.range().left < at.x() && at.x() < plot.range().right);
    QVERIFY(plot.range().bottom < at.y() && at.y() < plot.range().top);
    QComboBox* head = window->chart("cache")->chooser("head");
    QTest::keyClick(head, Qt::Key_Down);  // the cells of another head
    QTRY_VERIFY(!plot.cursor());
  }

  void a_click_puts_the_cursor_on_a_block_and_leaves_the_record_selected() {
    const auto window = test::openedWindow(sweep_);
    window->showView("timeline");
    ChartPlot& plot = test::plotOf(*window, "timeline");
    QTRY_VERIFY(!plot.chart().spans.empty() && plot.isEnabled());
    QTest::qWait(50);
    const int row = window->session().selection().current();
    const QPointF at = placeBox(plot.chart(), 0).center();
    QTest::mouseClick(
        &plot, Qt::LeftButton, {},
        QPointF(plot.xAxis->coordToPixel(at.x()), plot.yAxis->coordToPixel(at.y())).toPoint());
    QCOMPARE(plot.cursor(), std::optional<std::size_t>(0));
    QCOMPARE(window->session().selection().current(), row);
  }

  void the_sheet_of_keys_says_how_to_walk_and_to_leave() {
    MainWindow window;
    const ShortcutSheet sheet(*window.menuBar());
    QString text;
    for (const QLabel* label : sheet.findChildren<QLabel*>()) text += label->text();
    QVERIFY(text.contains("Arrows, Home, End; Escape") && text.contains("cells"));
  }
};

QTEST_MAIN(WalkTest)
#include "walk_test.moc"
