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
#include <cstdio>

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

void writeManyRecords(const QString& path) {
  constexpr int kRecords = 100'000;
  const int perRepetition =
      static_cast<int>(test::makeSyntheticSweep({.odd = false}).records.size());
  test::SyntheticSweep sweep;
  sweep.repetitions = (kRecords + perRepetition - 1) / perRepetition;
  sweep.numSamples = 9;
  traces::write_trace(path.toStdString(), test::makeSyntheticSweep(sweep));
}

double framesPerSecond(ChartPlot& plot, void (*step)(ChartPlot&, int)) {
  constexpr int kFrames = 60;
  QElapsedTimer timer;
  timer.start();
  for (int i = 0; i < kFrames; ++i) {
    step(plot, i);
    plot.replot(QCustomPlot::rpImmediateRefresh);
  }
  return kFrames * 1000.0 / static_cast<double>(timer.elapsed());
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
  QObject::connect(&plot, &QCustomPlot::afterReplot, [&] {
    if (firstPaintMs < 0 && !plot.chart().marks.empty()) firstPaintMs = timer.elapsed();
  });
  QObject::connect(&window.loader(), &Loader::finished, [&] { loadedMs = timer.elapsed(); });
  QObject::connect(&window.loader(), &Loader::failed, [&](const QString& sentence) {
    std::fprintf(stderr, "%s\n", qPrintable(sentence));
    std::exit(1);
  });
  window.open({path});
  while (loadedMs < 0) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  while (plot.chart().marks.size() < window.session().data().size() / 2)
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  plot.replot(QCustomPlot::rpImmediateRefresh);
  const qint64 shownMs = timer.elapsed();
  std::printf("records            %zu (%.0f MB)\n", window.session().data().size(),
              static_cast<double>(QFileInfo(path).size()) / 1e6);
  std::printf("first paint        %lld ms\n", static_cast<long long>(firstPaintMs));
  std::printf("everything loaded  %lld ms, drawn %lld ms\n", static_cast<long long>(loadedMs),
              static_cast<long long>(shownMs));
  std::printf("points drawn       %zu of %zu\n", plot.numDrawn(), plot.chart().marks.size());
  const double pan = framesPerSecond(plot, [](ChartPlot& p, int i) {
    ZoomRange range = p.range();
    const double shift = i % 2 ? 1.05 : 1 / 1.05;
    p.setRange({range.left * shift, range.right * shift, range.bottom, range.top});
  });
  const double zoom =
      framesPerSecond(plot, [](ChartPlot& p, int i) { p.zoomBy(i % 20 < 10 ? 0.9 : 1 / 0.9); });
  std::printf("pan                %.0f frames/s\nzoom               %.0f frames/s\n", pan, zoom);
  std::printf("peak memory        %.0f MB\n", peakMegabytes());
  return 0;
}
