// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are no good traces: a sentence each, in the window and without one, and no hang.
#include <sys/stat.h>
#include <QElapsedTimer>
#include <QProcess>

#include "gui/views/notice_bar.hpp"
#include "gui/views/table_view.hpp"
#include "tests/gui/window_fixture.hpp"

using namespace kvroof;
using namespace kvroof::gui;

class RobustTest : public QObject {
  Q_OBJECT

 private:
  test::Folder folder_;
  std::string sweep_;  // bytes of a good trace

  static std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  }
  std::string lines(int count) const {
    std::size_t end = 0;
    for (int i = 0; i < count; ++i) end = sweep_.find('\n', end) + 1;
    return sweep_.substr(0, end);
  }

  static constexpr int kTokens = 40000, kChannels = 128;
  std::string largeInspect() const {
    return folder_.write(
        "large.json", "{\"planes\":[{\"side\":\"keys\",\"num_tokens\":" + std::to_string(kTokens) +
                          ",\"num_channels\":" + std::to_string(kChannels) + ",\"magnitudes\":[0" +
                          repeated(",1.5", kTokens * kChannels - 1) +
                          "]}],\"schema\":1,\"format\":\"kvroof-inspect\"}");
  }

  /// Longest time in ms that the event loop was not served while a window read the file.
  struct Shown {
    QString notices;
    std::size_t numRecords = 0;
    qint64 longestGap = 0;
  };
  static Shown show(const QString& path, const QString& expected) {
    auto window = std::make_unique<MainWindow>();
    window->show();
    QElapsedTimer gap;
    Shown shown;
    QTimer heart;
    connect(&heart, &QTimer::timeout, &heart,
            [&] { shown.longestGap = std::max(shown.longestGap, gap.restart()); });
    QTest::qWait(50);
    gap.start();
    heart.start(5);
    window->open({path});
    (void)QTest::qWaitFor([&] { return window->notices().text().contains(expected); }, 20000);
    shown.notices = window->notices().text();
    shown.numRecords = window->session().data().size();
    if (!window->notices().isVisible()) shown.notices += " (not visible)";
    return shown;
  }

 private slots:
  void initTestCase() {
    test::isolateSettings();
    traces::write_trace(folder_.path("sweep.jsonl"), test::makeSyntheticSweep());
    std::ifstream in(folder_.path("sweep.jsonl"), std::ios::binary);
    sweep_.assign(std::istreambuf_iterator<char>(in), {});
  }

  void a_bad_file_gets_a_sentence_and_an_exit_code_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("sentence");
    QTest::addColumn<int>("code");         // of an export
    QTest::addColumn<int>("num_records");  // that are shown all the same
    const auto row = [&](const char* name, const std::string& bytes, const char* sentence, int code,
                         int numRecords) {
      const std::string file = std::string(name) + ".jsonl";
      QTest::newRow(name) << QString::fromStdString(folder_.write(file, bytes)) << sentence << code
                          << numRecords;
    };
    row("empty", "", "holds no records yet", 1, 0);
    row("binary",
        repeated(std::string("\x7f"
                             "ELF\0\1\xff\xfe",
                             8),
                 4096),
        "binary.jsonl", 1, 0);
    row("prose", "this is no trace\n", "prose.jsonl", 1, 0);
    row("newer", "{\"schema\":99,\"line\":\"record\"}\n", "schema", 1, 0);
    row("cut", lines(8).substr(0, lines(8).size() - 100), "unfinished line", 0, 5);
    row("first line in flight", sweep_.substr(0, 200), "unfinished line", 1, 0);
    row("only an environment", lines(1), "holds no records yet", 1, 0);
    row("rubbish between records",
        lines(4) + "{\"schema\":1,\"line\":\"record\",\"backend\":7}\n" +
            lines(8).substr(lines(4).size()),
        "the line was skipped", 0, 6);
    row("nested", repeated("[", 100000) + "\n", "nested.jsonl", 1, 0);
    row("line of 80 MB",
        "{\"schema\":1,\"line\":\"record\",\"x\":\"" + std::string(80'000'000, 'x'),
        "line of 80 MB.jsonl", 1, 0);
    const QString huge = folder_.folder.filePath("huge.jsonl");
    QFile sparse(huge);
    QVERIFY(sparse.open(QIODevice::WriteOnly) && sparse.resize(5LL << 30));  // zeros, not stored
    QTest::newRow("huge") << huge << "huge.jsonl" << 1 << 0;
    const QString pipe = folder_.folder.filePath("pipe.jsonl");
    QCOMPARE(::mkfifo(qPrintable(pipe), 0600), 0);
    QTest::newRow("pipe") << pipe << "is a device or a pipe" << 1 << 0;
    QTest::newRow("device") << "/dev/zero"
                            << "is a device or a pipe" << 1 << 0;
    QTest::newRow("missing") << folder_.folder.filePath("missing.jsonl") << "missing.jsonl" << 1
                             << 0;
    QTest::newRow("folder") << folder_.folder.path() << folder_.folder.path() << 1 << 0;
  }
  void a_bad_file_gets_a_sentence_and_an_exit_code() {
    QFETCH(QString, path);
    QFETCH(QString, sentence);
    QFETCH(int, code);
    QFETCH(int, num_records);
    const Shown shown = show(path, sentence);
    QVERIFY2(shown.notices.contains(sentence), qPrintable(shown.notices));
    QVERIFY2(!shown.notices.endsWith("(not visible)"), qPrintable(shown.notices));
    QCOMPARE(shown.numRecords, static_cast<std::size_t>(num_records));
    QVERIFY2(shown.longestGap < 2000, qPrintable(QString::number(shown.longestGap)));

    QProcess process;
    process.start(KVROOF_VIEW_PROGRAM,
                  {"--export", folder_.folder.filePath("out"), "--view", "latency", path});
    QVERIFY(process.waitForFinished(60000));
    const QString said = QString::fromUtf8(process.readAllStandardError());
    QVERIFY2(said.contains(sentence), qPrintable(said));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), code);
  }

  void a_large_inspect_file_is_read_while_the_window_is_used_and_can_be_cancelled() {
    const std::string path = largeInspect();
    MainWindow window;
    QElapsedTimer gap, all;
    qint64 longestGap = 0, took = -1;
    QTimer heart;
    connect(&heart, &QTimer::timeout, &heart,
            [&] { longestGap = std::max(longestGap, gap.restart()); });
    connect(&window.session(), &Session::inspectChanged, &heart, [&] {
      took = all.elapsed();
      heart.stop();
    });
    QSignalSpy progress(&window.loader(), &Loader::progress);
    gap.start();
    all.start();
    heart.start(1);
    window.open({QString::fromStdString(path)});
    QCOMPARE(progress.size(), 1);
    QTRY_VERIFY_WITH_TIMEOUT(took >= 0, 60000);
    QVERIFY2(longestGap < took / 2, qPrintable(QString("%1 of %2").arg(longestGap).arg(took)));
    QCOMPARE(window.session().inspect()->planes[0].numTokens, std::size_t{kTokens});
    QCOMPARE(window.session().data().files().size(), 0);

    MainWindow other;
    QSignalSpy arrived(&other.session(), &Session::inspectChanged);
    other.open({QString::fromStdString(path)});
    other.loader().cancel();
    QTest::qWait(static_cast<int>(2 * took));
    QCOMPARE(arrived.size(), 0);
  }

  void closing_does_not_wait_until_a_large_inspect_file_is_read() {
    const QString path = QString::fromStdString(largeInspect());
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(readInspect(path).planes.size(), std::size_t{1});
    const qint64 whole = timer.restart();
    Session session;
    auto loader = std::make_unique<Loader>(session);
    loader->load(path);
    QTest::qWait(static_cast<int>(whole / 10));  // the thread is at it
    QVERIFY(loader->isLoading());
    timer.restart();
    loader.reset();
    const qint64 closing = timer.elapsed();
    QVERIFY2(closing < whole / 4, qPrintable(QString("%1 of %2 ms").arg(closing).arg(whole)));
  }

  void a_file_that_is_cut_and_written_anew_is_read_anew() {
    const std::string path = folder_.write("anew.jsonl", lines(20));
    const auto window = test::openedWindow(path);
    const std::size_t before = window->session().data().size();
    QVERIFY(before > 10);
    folder_.write("anew.jsonl", lines(8));
    QTRY_COMPARE_WITH_TIMEOUT(window->session().data().size(), std::size_t{6}, 10000);
    QTRY_COMPARE_WITH_TIMEOUT(window->table().records().rowCount(), 6, 10000);
  }

  void a_record_with_null_counters_or_one_sample_draws() {
    const traces::Trace all = test::makeSyntheticSweep();
    traces::Trace odd{.environments = all.environments, .ceilings = all.ceilings};
    for (const traces::Record& record : all.records)
      if (record.status == traces::Status::passed &&
          (!record.counters || (!record.times.empty() && record.times[0].samples_ns.size() == 1)))
        odd.records.push_back(record);
    QCOMPARE(odd.records.size(), std::size_t{2});
    const std::string path = folder_.path("odd.jsonl");
    traces::write_trace(path, odd);
    const auto window = test::openedWindow(path);
    window->showView("latency");
    QTest::qWait(80);
    QCOMPARE(test::plotOf(*window, "latency").chart().marks.size(), std::size_t{2});
    for (const ViewSpec& view : chartViews()) {
      window->showView(view.name);
      for (int row = 0; row < 2; ++row) {
        window->session().selection().setCurrent(row);
        QTest::qWait(20);
        QVERIFY(!window->chart(view.name)->plot().grab().isNull());
      }
    }
  }
};

QTEST_MAIN(RobustTest)
#include "robust_test.moc"
