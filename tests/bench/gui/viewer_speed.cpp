// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the viewer is with many records: viewer_speed [TRACE.jsonl]. Without a file it writes
// one of about 100,000 synthetic records first. Targets: first paint 1 s, all loaded 3 s, 30
// frames/s, 500 MB.
#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>

#include "gui/views/chart_view.hpp"
#include "gui/views/main_window.hpp"
#include "gui/views/plot/chart_plot.hpp"
#include "tests/gui/synthetic_sweep.hpp"
#include "traces/write.hpp"

using namespace kvroof;
using namespace kvroof::gui;

namespace {

/// Largest resident size so far in MB, from /proc.
double peakMegabytes() {
  QFile status("/proc/self/status");
  if (!status.open(QIODevice::ReadOnly)) return 0;
  for (const QByteArray& line : status.readAll().split('\n'))
    if (line.startsWith("VmHWM:"))
      return line.mid(6).trimmed().split(' ').front().toDouble() / 1024;
  return 0;
}

/// CPU time of all threads of this process in ms: what remains true on a busy machine.
double cpuMs() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void writeManyRecords(const QString& path) {
  constexpr int kRecords = 100'000;
  const int perRepetition =
      static_cast<int>(test::makeSyntheticSweep({.odd = false}).records.size());
  test::SyntheticSweep sweep;
  sweep.repetitions = (kRecords + perRepetition - 1) / perRepetition;
  sweep.numSamples = 9;
  traces::Trace trace = test::makeSyntheticSweep(sweep);
  // Repetitions of one grid would lie on each other, and thinning would leave a hundred points.
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> spread(0, 1);
  for (traces::Record& record : trace.records) {
    const double slower = 1 + spread(random), more = std::pow(slower, 0.7);  // below every roof
    for (traces::Time& time : record.times)
      for (double* ns :
           {&time.statistics.median_ns, &time.statistics.q1_ns, &time.statistics.q3_ns})
        *ns *= slower;
    for (traces::Traffic& traffic : record.traffic) traffic.read_bytes *= more * more / slower;
  }
  traces::write_trace(path.toStdString(), trace);
}

struct FrameRate {
  double perSecond;  // of wall clock
  double perCpuSecond;
};

FrameRate frameRate(ChartPlot& plot, void (*step)(ChartPlot&, int)) {
  constexpr int kFrames = 60;
  QElapsedTimer timer;
  timer.start();
  const double before = cpuMs();
  for (int i = 0; i < kFrames; ++i) {
    step(plot, i);
    plot.replot(QCustomPlot::rpImmediateRefresh);
  }
  return {kFrames * 1e3 / static_cast<double>(timer.elapsed()), kFrames * 1e3 / (cpuMs() - before)};
}

}  // namespace

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  QTemporaryDir folder;
  QString path = argc > 1 ? QString::fromLocal8Bit(argv[1]) : folder.filePath("many.jsonl");
  if (argc < 2) {
    writeManyRecords(path);
    // The memory of the generator must not count, so the measurement runs in a process of its own.
    return QProcess::execute(QString::fromLocal8Bit(argv[0]), {path});
  }
  QElapsedTimer timer;
  timer.start();
  QStandardPaths::setTestModeEnabled(true);
  QApplication app(argc, argv);
  MainWindow window;
  window.resetLayout();
  window.resize(1280, 800);
  window.show();
  ChartPlot& plot = window.chart("bandwidth")->plot();
  qint64 firstPaintMs = -1, loadedMs = -1;
  double firstPaintCpuMs = 0;
  QObject::connect(&plot, &QCustomPlot::afterReplot, [&] {
    if (firstPaintMs >= 0 || plot.chart().marks.empty()) return;
    firstPaintMs = timer.elapsed();
    firstPaintCpuMs = cpuMs();
  });
  QObject::connect(&window.loader(), &Loader::finished, [&] { loadedMs = timer.elapsed(); });
  QObject::connect(&window.loader(), &Loader::failed, [&](const QString& sentence) {
    std::fprintf(stderr, "%s\n", qPrintable(sentence));
    std::exit(1);
  });
  window.open({path});
  while (loadedMs < 0) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  while (plot.chart().marks.size() <
         window.session().data().size() * 99 / 100)  // a few have no time
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  plot.replot(QCustomPlot::rpImmediateRefresh);
  const qint64 shownMs = timer.elapsed();
  const double shownCpuMs = cpuMs();
  std::printf("records            %zu (%.0f MB)\n", window.session().data().size(),
              static_cast<double>(QFileInfo(path).size()) / 1e6);
  std::printf("first paint        %lld ms, %.0f ms of CPU time\n",
              static_cast<long long>(firstPaintMs), firstPaintCpuMs);
  std::printf("everything loaded  %lld ms, drawn %lld ms, %.0f ms of CPU time\n",
              static_cast<long long>(loadedMs), static_cast<long long>(shownMs), shownCpuMs);
  std::printf("points drawn       %zu of %zu\n", plot.numDrawn(), plot.chart().marks.size());
  const FrameRate pan = frameRate(plot, [](ChartPlot& p, int i) {
    ZoomRange range = p.range();
    const double shift = i % 2 ? 1.05 : 1 / 1.05;
    p.setRange({range.left * shift, range.right * shift, range.bottom, range.top});
  });
  const FrameRate zoom =
      frameRate(plot, [](ChartPlot& p, int i) { p.zoomBy(i % 20 < 10 ? 0.9 : 1 / 0.9); });
  for (const auto& [name, rate] : {std::pair("pan", pan), std::pair("zoom", zoom)})
    std::printf("%-18s %.0f frames/s, %.0f per second of CPU time\n", name, rate.perSecond,
                rate.perCpuSecond);
  for (const ViewSpec& view : chartViews()) {
    QElapsedTimer building;
    building.start();
    (void)view.build(window.session().inputFor(view, {}));
    std::printf("building %-10s %lld ms\n", qPrintable(view.name), building.elapsed());
  }
  std::printf("peak memory        %.0f MB\n", peakMegabytes());
  return 0;
}
