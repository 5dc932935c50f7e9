// SPDX-License-Identifier: GPL-3.0-or-later
// Drives the window with real mouse and key events, without a display.
#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QProcess>
#include <fstream>

#include "gui/models/charts/reference_row.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/state/recent_files.hpp"
#include "gui/views/compare_view.hpp"
#include "gui/views/filter_bar.hpp"
#include "gui/views/notice_bar.hpp"
#include "gui/views/table_view.hpp"
#include "tests/gui/window_fixture.hpp"

using namespace kvroof;
using namespace kvroof::gui;
using test::loneliestRow;
using test::openedWindow;
using test::plotOf;

class WindowTest : public QObject {
  Q_OBJECT

 private:
  test::Folder folder_;
  traces::Trace trace_ = test::makeSyntheticSweep();
  std::string sweep_, slower_;

 private slots:
  void initTestCase() {
    test::isolateSettings();
    sweep_ = folder_.path("sweep.jsonl");
    slower_ = folder_.path("slower.jsonl");
    traces::write_trace(sweep_, trace_);
    traces::write_trace(slower_, test::makeSyntheticSweep({.seed = 2, .slowdown = 1.2}));
  }

  void opening_a_file_fills_table_and_plot() {
    const auto window = openedWindow(sweep_);
    QCOMPARE(window->session().data().size(), trace_.records.size());
    QCOMPARE(static_cast<std::size_t>(window->table().records().rowCount()), trace_.records.size());
    QVERIFY(plotOf(*window, "bandwidth").chart().marks.size() > 100);
    QVERIFY(window->windowTitle().contains("sweep.jsonl"));
    QVERIFY(recentFiles().contains(QString::fromStdString(sweep_)));
    // The record a newcomer would ask for is chosen.
    const auto row = static_cast<std::size_t>(window->session().selection().current());
    QCOMPARE(window->session().data().at(col::kSparsity).text(row).left(2), QString("70"));
    QVERIFY(window->findChild<QLabel*>("guidance")->text().contains("Ideal"));
  }

  void a_click_on_a_point_selects_it_everywhere() {
    const auto window = openedWindow(sweep_);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    const int row = loneliestRow(plot);
    QTest::mouseClick(&plot, Qt::LeftButton, {}, plot.placeOf(row)->toPoint());
    QCOMPARE(window->session().selection().current(), row);
    QCOMPARE(window->table().records().datasetRow(window->table().currentIndex().row()), row);
    QTRY_VERIFY(plot.accessibleDescription().contains("status"));
    QVERIFY(window->findChild<QLabel*>("guidance")->text().contains("roof"));
  }

  void the_table_selects_in_the_plot_and_copies_with_a_header() {
    const auto window = openedWindow(sweep_);
    TableView& table = window->table();
    table.setFocus();
    QTest::mouseClick(table.viewport(), Qt::LeftButton, {},
                      table.visualRect(table.model()->index(3, 0)).center());
    QCOMPARE(window->session().selection().current(), table.records().datasetRow(3));
    QTest::keyClick(&table, Qt::Key_Down);
    QCOMPARE(window->session().selection().current(), table.records().datasetRow(4));
    QTest::keyClick(&table, Qt::Key_C, Qt::ControlModifier);
    const QStringList lines = QApplication::clipboard()->text().split('\n', Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines[0].startsWith("kernel\t"));
  }

  void typing_filters_all_views_and_escape_shows_all_again() {
    const auto window = openedWindow(sweep_);
    QLineEdit& field = window->filterBar().field();
    QTest::keyClicks(&field, "two_four");
    QTRY_COMPARE(window->table().records().rowCount(), 14);
    QTRY_COMPARE(plotOf(*window, "bandwidth").chart().marks.size(), std::size_t{14});
    QTest::keyClick(&field, Qt::Key_Escape);
    QTRY_COMPARE(static_cast<std::size_t>(window->table().records().rowCount()),
                 trace_.records.size());
  }

  void wheel_zooms_backspace_undoes_and_double_click_fits() {
    const auto window = openedWindow(sweep_);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    const ZoomRange whole = plot.range();
    const QPoint middle = plot.axisRect()->rect().center();
    QWheelEvent wheel(middle, plot.mapToGlobal(middle), {}, QPoint(0, 240), Qt::NoButton,
                      Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(&plot, &wheel);
    QVERIFY(plot.range().right < whole.right && plot.range().left > whole.left);
    QTest::keyClick(&plot, Qt::Key_Backspace);
    QVERIFY(qAbs(plot.range().right / whole.right - 1) < 1e-9);
    QTest::keyClick(&plot, Qt::Key_Plus);
    QVERIFY(plot.isZoomed());
    QTest::mouseDClick(&plot, Qt::LeftButton, {}, middle);
    QVERIFY(!plot.isZoomed());
  }

  void dragging_pans_and_shift_dragging_selects() {
    const auto window = openedWindow(sweep_);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    const ZoomRange whole = plot.range();
    const QRect inside = plot.axisRect()->rect();
    QTest::mousePress(&plot, Qt::LeftButton, {}, inside.center());
    QTest::mouseMove(&plot, inside.center() + QPoint(40, 10));
    QTest::mouseRelease(&plot, Qt::LeftButton, {}, inside.center() + QPoint(40, 10));
    QVERIFY(plot.range().left < whole.left);
    plot.fit();
    QTest::mousePress(&plot, Qt::LeftButton, Qt::ShiftModifier, inside.topLeft() + QPoint(1, 1));
    QTest::mouseMove(&plot, inside.bottomRight());
    QTest::mouseRelease(&plot, Qt::LeftButton, Qt::ShiftModifier, inside.bottomRight());
    QVERIFY(window->session().selection().selected().size() > 100);
  }

  void keys_walk_through_the_records() {
    const auto window = openedWindow(sweep_);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    plot.setFocus();
    QTest::keyClick(&plot, Qt::Key_Home);
    const int first = window->session().selection().current();
    QVERIFY(first >= 0);
    QTest::keyClick(&plot, Qt::Key_Right);
    QVERIFY(window->session().selection().current() != first);
    QTest::keyClick(&plot, Qt::Key_Left);
    QCOMPARE(window->session().selection().current(), first);
  }

  void every_view_can_be_shown() {
    const auto window = openedWindow(sweep_);
    for (const ViewSpec& view : chartViews()) {
      window->showView(view.name);
      QTest::qWait(40);
      ChartPlot& plot = window->chart(view.name)->plot();
      QVERIFY2(plot.isVisible(), qPrintable(view.name));
      QCOMPARE(plot.chart().name, view.name);
      QVERIFY2(!plot.accessibleName().isEmpty(), qPrintable(view.name));
    }
  }

  void a_baseline_gives_ghosts_and_a_table_of_changes() {
    const auto window = openedWindow(slower_);
    window->openBaseline(QString::fromStdString(sweep_));
    QTRY_COMPARE_WITH_TIMEOUT(window->session().baselineFile(), 1, 10000);
    auto* compare = window->findChild<CompareView*>();
    QTRY_VERIFY(compare->deltas().rowCount() > 50);
    QTRY_VERIFY(std::any_of(plotOf(*window, "compare").chart().marks.begin(),
                            plotOf(*window, "compare").chart().marks.end(),
                            [](const Mark& m) { return m.ghost; }));
    QTRY_VERIFY(compare->deltas().summary().contains("slower"));
    QVERIFY(compare->deltas().deltas().front().change() >=
            compare->deltas().deltas().back().change());
  }

  void a_growing_file_keeps_zoom_and_selection() {
    const std::string path = folder_.path("growing.jsonl");
    traces::Trace part = trace_;
    part.records.resize(60);
    traces::write_trace(path, part);
    const auto window = openedWindow(path);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    QTest::keyClick(&plot, Qt::Key_Plus);
    window->session().selection().setCurrent(7);
    const ZoomRange zoomed = plot.range();
    traces::Writer writer(path);
    for (std::size_t i = 60; i < 80; ++i) writer.append(trace_.records[i]);
    QTRY_COMPARE_WITH_TIMEOUT(window->session().data().size(), std::size_t{80}, 10000);
    QTRY_COMPARE_WITH_TIMEOUT(window->table().records().rowCount(), 80, 10000);
    QTest::qWait(100);
    QVERIFY(plot.range() == zoomed);
    QCOMPARE(window->session().selection().current(), 7);
  }

  void a_line_in_flight_is_no_message_of_a_growing_file_and_an_old_message_goes() {
    std::ifstream in(sweep_, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const auto cut = [&](int numLines) {
      std::size_t end = 0;
      for (int i = 0; i < numLines; ++i) end = bytes.find('\n', end) + 1;
      return end + 40;  // and the start of the next line
    };
    const QString path =
        QString::fromStdString(folder_.write("flight.jsonl", bytes.substr(0, cut(20))));
    const auto append = [&](std::size_t from, std::size_t to) {
      std::ofstream(path.toStdString(), std::ios::binary | std::ios::app)
          << bytes.substr(from, to - from);
    };
    const auto window = openedWindow(path.toStdString());
    const NoticeBar& notices = window->notices();
    QTRY_VERIFY(notices.text().contains("unfinished line"));
    const std::size_t before = window->session().data().size();
    append(cut(20), cut(30));
    QTRY_COMPARE_WITH_TIMEOUT(window->session().data().size(), before + 10, 10000);
    QTRY_VERIFY2(!notices.isVisible(), qPrintable(notices.text()));
    append(cut(30), cut(40));
    QTRY_COMPARE_WITH_TIMEOUT(window->session().data().size(), before + 20, 10000);
    QTest::qWait(100);
    QVERIFY2(!notices.isVisible(), qPrintable(notices.text()));
  }

  void an_empty_window_says_what_to_do() {
    MainWindow window;
    window.show();
    QTRY_VERIFY(plotOf(window, "bandwidth").chart().emptyReason.contains("Ctrl+O"));
  }

  void a_dropped_file_is_openedWindow() {
    MainWindow window;
    window.show();
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile(QString::fromStdString(sweep_))});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &drop);
    QTRY_COMPARE_WITH_TIMEOUT(window.session().data().size(), trace_.records.size(), 10000);
  }

  void closing_while_loading_is_safe() {
    for (int i = 0; i < 5; ++i) {
      auto window = std::make_unique<MainWindow>();
      window->show();
      window->open({QString::fromStdString(sweep_), QString::fromStdString(slower_)});
      if (i % 2) QTest::qWait(i);
      window->close();
      window.reset();
    }
  }

  void no_record_is_lost_when_loading_is_cancelled_and_taken_up_again() {
    const std::string path = folder_.path("long.jsonl");
    const traces::Trace long_trace = test::makeSyntheticSweep({.repetitions = 12, .odd = false});
    traces::write_trace(path, long_trace);
    MainWindow window;
    window.show();
    bool isCancelled = false;
    connect(&window.session().data(), &Dataset::rowsAppended, &window, [&] {
      if (!std::exchange(isCancelled, true))
        QTimer::singleShot(0, &window, [&] { window.loader().cancel(); });
    });
    window.open({QString::fromStdString(path)});
    QTRY_VERIFY_WITH_TIMEOUT(isCancelled, 10000);
    QTest::qWait(300);
    window.loader().reload();
    QTRY_COMPARE_WITH_TIMEOUT(window.session().data().size(), long_trace.records.size(), 20000);
    QTest::qWait(200);
    QCOMPARE(window.session().data().size(), long_trace.records.size());
  }

  void the_name_of_a_roof_lies_on_no_other_data() {
    QTest::addColumn<QString>("view");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("num_names");  // at least
    for (const char* view : {"bandwidth", "latency", "throughput"})
      for (const QSize size : {QSize(1280, 800), QSize(866, 372), QSize(640, 340)})
        QTest::addRow("%s %dx%d", view, size.width(), size.height())
            << view << size
            << (view == QString("latency")                           ? 1  // little room
                : view == QString("bandwidth") && size.width() > 800 ? 8
                                                                     : 2);
  }
  void the_name_of_a_roof_lies_on_no_other() {
    QFETCH(QString, view);
    QFETCH(QSize, size);
    QFETCH(int, num_names);
    Dataset data;
    test::fill(data, trace_);
    const auto rows = allRows(data);
    ChartPlot plot;
    plot.resize(size);
    plot.showChart(findChartView(view)->build(test::inputOf(data, rows)));
    plot.grab();
    const auto isRoof = [](const Line& line) {
      return line.role == LineRole::roof || line.role == LineRole::floor;
    };
    int numNames = 0;
    for (const LineName& name : plot.lineNames()) {
      if (!isRoof(*name.line)) continue;
      ++numNames;
      for (const Line& line : plot.chart().lines) {
        if (!isRoof(line) || &line == name.line) continue;
        QPolygonF pixels;
        for (const QPointF& p : line.points)
          pixels << QPointF(plot.xAxis->coordToPixel(p.x()), plot.yAxis->coordToPixel(p.y()));
        const QPolygonF seen = clipped(pixels, QRectF(plot.axisRect()->rect()));
        for (qsizetype i = 0; i + 1 < seen.size(); ++i) {
          const QPolygonF piece{seen[i], seen[i + 1], seen[i + 1] + QPointF(0, 0.5),
                                seen[i] + QPointF(0, 0.5)};
          QVERIFY2(!piece.intersects(name.place),
                   qPrintable(name.line->label + " lies on " + line.label));
        }
      }
    }
    QVERIFY2(numNames >= num_names, qPrintable(QString::number(numNames)));
  }

  void titles_of_axes_are_no_longer_than_the_axes() {
    Dataset data;
    test::fill(data, trace_);
    const auto rows = allRows(data);
    for (const ViewSpec& view : chartViews()) {
      ChartPlot plot;
      plot.resize(320, 230);
      plot.showChart(view.build(test::inputOf(data, rows)));
      plot.grab();
      if (plot.chart().isEmpty()) continue;
      const QFontMetrics metrics(plot.font());
      QVERIFY2(metrics.horizontalAdvance(plot.yAxis->label()) <= plot.axisRect()->height(),
               qPrintable(view.name));
      QVERIFY2(metrics.horizontalAdvance(plot.xAxis->label()) <= plot.axisRect()->width(),
               qPrintable(view.name));
    }
  }

  void a_window_fits_on_a_small_screen() {
    const auto window = openedWindow(sweep_);
    QVERIFY2(window->minimumSizeHint().height() <= 600,
             qPrintable(QString::number(window->minimumSizeHint().height())));
    QVERIFY2(window->minimumSizeHint().width() <= 1024,
             qPrintable(QString::number(window->minimumSizeHint().width())));
    window->resize(1024, 600);
    QTest::qWait(50);
    QCOMPARE(window->size(), QSize(1024, 600));
  }

  void a_palette_change_redraws_in_its_colours() {
    const auto window = openedWindow(sweep_);
    ChartPlot& plot = plotOf(*window, "bandwidth");
    plot.setPalette(themePalette(Theme::dark));
    QTest::qWait(50);
    plot.replot();
    QVERIFY(plot.grab().toImage().pixelColor(3, plot.height() - 3).lightness() < 80);
  }

  void thinning_keeps_failed_selected_and_impossible_points() {
    Chart chart;
    for (int i = 0; i < 50000; ++i)
      chart.marks.push_back(
          {.x = 1, .y = 1, .row = i, .failed = i == 40000, .aboveRoof = i == 40001});
    ChartState state;
    state.selected = {40002};
    const auto drawn = thinMarks(chart, state, QRectF(0, 0, 100, 100),
                                 [](double, double) { return QPointF(50, 50); });
    QCOMPARE(drawn, (std::vector<std::size_t>{0, 40000, 40001, 40002}));
  }

  void headless_export_writes_every_format_and_names_it() {
    QProcess process;
    const QString out = folder_.folder.filePath("out");
    process.start(KVROOF_VIEW_PROGRAM,
                  {"--export", out, "--view", "bandwidth,latency", "--format", "png,svg,pdf,csv",
                   "--size", "900x600", QString::fromStdString(sweep_)});
    QVERIFY(process.waitForFinished(30000));
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(process.readAllStandardOutput().count('\n'), 8);
    QCOMPARE(QImage(out + "/bandwidth.png").size(), QSize(900, 600));
    QFile svg(out + "/latency.svg"), csv(out + "/bandwidth.csv"), pdf(out + "/latency.pdf");
    QVERIFY(svg.open(QIODevice::ReadOnly) && csv.open(QIODevice::ReadOnly) &&
            pdf.open(QIODevice::ReadOnly));
    QVERIFY(svg.readAll().contains("Latency roofline"));
    QVERIFY(csv.readAll().startsWith("kind,\"x: arithmetic intensity"));
    QVERIFY(pdf.readAll().startsWith("%PDF"));
  }

  void headless_export_writes_what_can_be_read_and_fails_for_the_rest() {
    QProcess process;
    const QString out = folder_.folder.filePath("out3");
    const QString binary =
        QString::fromStdString(folder_.write("half.jsonl", std::string("\0\1\2\n", 4)));
    process.start(KVROOF_VIEW_PROGRAM,
                  {"--export", out, "--view", "latency", QString::fromStdString(sweep_), binary});
    QVERIFY(process.waitForFinished(30000));
    QCOMPARE(process.exitCode(), 1);
    QVERIFY(QFile::exists(out + "/latency.png"));
    QVERIFY(process.readAllStandardError().contains("half.jsonl"));
  }

  void headless_export_draws_what_was_chosen() {
    QProcess process;
    const QString out = folder_.folder.filePath("out5");
    process.start(
        KVROOF_VIEW_PROGRAM,
        {"--export", out, "--view", "latency", "--format", "csv,svg", "--set", "latency.x=batch",
         "--set", "latency.hide=floors at measured roofs", QString::fromStdString(sweep_)});
    QVERIFY(process.waitForFinished(30000));
    QVERIFY2(process.readAllStandardError().isEmpty(), "no complaint");
    QCOMPARE(process.exitCode(), 0);
    QFile csv(out + "/latency.csv"), svg(out + "/latency.svg");
    QVERIFY(csv.open(QIODevice::ReadOnly) && svg.open(QIODevice::ReadOnly));
    QVERIFY(csv.readAll().startsWith("kind,x: batch,"));
    const QByteArray picture = svg.readAll();
    QVERIFY(picture.contains(" at 4.8") && !picture.contains(" at 4.1"));
  }

  void headless_pictures_of_the_window_show_the_view_that_is_named() {
    QProcess process;
    const QString out = folder_.folder.filePath("out4");
    process.start(KVROOF_VIEW_PROGRAM, {"--export", out, "--view", "window:latency,window",
                                        "--size", "1024x600", QString::fromStdString(sweep_)});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    const QImage front(out + "/window.png"), latency(out + "/window-latency.png");
    QCOMPARE(front.size(), QSize(1024, 600));
    QCOMPARE(latency.size(), front.size());
    QVERIFY(front != latency);
    process.start(KVROOF_VIEW_PROGRAM, {"--export", out, "--view", "window:bandwidth", "--size",
                                        "1024x600", QString::fromStdString(sweep_)});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(QImage(out + "/window-bandwidth.png"), front);
  }

  void headless_errors_are_sentences_with_exit_codes_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("sentence");
    const QString out = folder_.folder.filePath("out2"), good = QString::fromStdString(sweep_);
    const QString binary =
        QString::fromStdString(folder_.write("b.jsonl", std::string("\0\1\2\n", 4)));
    const QString empty = QString::fromStdString(folder_.write("e.jsonl", ""));
    QTest::newRow("missing") << QStringList{"--export", out, "/nowhere.jsonl"} << 1
                             << "/nowhere.jsonl";
    QTest::newRow("binary") << QStringList{"--export", out, binary} << 1 << "b.jsonl";
    QTest::newRow("empty") << QStringList{"--export", out, empty} << 1 << "nothing to export";
    QTest::newRow("view") << QStringList{"--export", out, "--view", "x", good} << 2
                          << "no view \"x\"";
    QTest::newRow("format") << QStringList{"--export", out, "--format", "gif", good} << 2 << "gif";
    QTest::newRow("size") << QStringList{"--export", out, "--size", "9x9", good} << 2 << "--size";
    QTest::newRow("no file") << QStringList{"--export", out} << 2 << "needs a trace";
    QTest::newRow("option") << QStringList{"--export", out, "--nonsense", good} << 2 << "nonsense";
    QTest::newRow("no folder") << QStringList{"--export", "", good} << 2 << "wants a folder";
    QTest::newRow("no view") << QStringList{"--export", out, "--view", "", good} << 2
                             << "--view wants a name";
    QTest::newRow("window of nothing")
        << QStringList{"--export", out, "--view", "window:x", good} << 2 << "window:VIEW";
    QTest::newRow("filter") << QStringList{"--export", out,       "--view", "latency",
                                           "--filter", "nothing", good}
                            << 1 << "--filter";
    QTest::newRow("choice") << QStringList{"--export", out, "--set", "latency=batch", good} << 2
                            << "VIEW.CHOICE=VALUE";
    QTest::newRow("unknown choice")
        << QStringList{"--export", out, "--set", "latency.z=batch", good} << 2 << "--set knows x";
    QTest::newRow("unknown column")
        << QStringList{"--export", out, "--view", "bytes", "--set", "bytes.sweep=bogus", good} << 1
        << "no column \"bogus\"";
    QTest::newRow("column of texts")
        << QStringList{"--export", out, "--view", "latency", "--set", "latency.x=kernel", good} << 1
        << "holds no numbers";
    QTest::newRow("its own baseline")
        << QStringList{"--export", out, "--view", "compare", "--baseline", good, good} << 1
        << "open a second trace";
    QTest::newRow("folder") << QStringList{"--export", "/proc/none/x", good} << 1
                            << "could not be made";
  }
  void headless_errors_are_sentences_with_exit_codes() {
    QFETCH(QStringList, arguments);
    QFETCH(int, code);
    QFETCH(QString, sentence);
    QProcess process;
    process.start(KVROOF_VIEW_PROGRAM, arguments);
    QVERIFY(process.waitForFinished(30000));
    const QString said = QString::fromUtf8(process.readAllStandardError());
    QCOMPARE(process.exitCode(), code);
    QVERIFY2(said.contains(sentence), qPrintable(said));
  }
};

QTEST_MAIN(WindowTest)
#include "window_test.moc"
