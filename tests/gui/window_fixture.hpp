// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QApplication>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QtTest>
#include <memory>

#include "gui/views/chart_view.hpp"
#include "gui/views/main_window.hpp"
#include "gui/views/plot/chart_plot.hpp"
#include "tests/gui/fixtures.hpp"

namespace kvroof::gui::test {

/// Settings of their own, empty at first.
inline void isolateSettings() {
  QStandardPaths::setTestModeEnabled(true);
  QCoreApplication::setOrganizationName("kvroof-test");
  QSettings().clear();
}

/// A window that has read the files and shows the bandwidth roofline.
inline std::unique_ptr<MainWindow> openedWindow(const QStringList& paths) {
  auto window = std::make_unique<MainWindow>();
  window->resetLayout();
  window->resize(1280, 800);
  window->show();
  QSignalSpy finished(&window->loader(), &Loader::finished);
  window->open(paths);
  while (finished.size() < paths.size())
    if (!finished.wait(10000)) {
      qWarning("a file was not read in time");
      break;
    }
  window->showView("bandwidth");
  QTest::qWait(80);
  return window;
}
inline std::unique_ptr<MainWindow> openedWindow(const std::string& path) {
  return openedWindow(QStringList{QString::fromStdString(path)});
}

inline ChartPlot& plotOf(MainWindow& window, const char* name) {
  return window.chart(name)->plot();
}

/// A mark far from all others, so that a click on it is not ambiguous.
inline int loneliestRow(const ChartPlot& plot) {
  int best = -1;
  double widest = 0;
  for (const Mark& mark : plot.chart().marks) {
    double nearest = 1e9;
    const QPointF here = *plot.placeOf(mark.row);
    for (const Mark& other : plot.chart().marks)
      if (other.row != mark.row)
        nearest = std::min(nearest, QLineF(here, *plot.placeOf(other.row)).length());
    if (nearest > widest) {
      widest = nearest;
      best = mark.row;
    }
  }
  return best;
}

}  // namespace kvroof::gui::test
