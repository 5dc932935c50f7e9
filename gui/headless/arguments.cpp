// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/headless/arguments.hpp"

#include <QCommandLineParser>
#include <QObject>
#include <QRegularExpression>
#include <cstring>
#include <map>

namespace kvroof::gui {
namespace {

const QStringList kFormats{"png", "svg", "pdf", "csv"};

QString readSize(const QString& text, QSize& size) {
  static const QRegularExpression expression("^(\\d+)x(\\d+)$");
  const auto match = expression.match(text);
  const int width = match.captured(1).toInt(), height = match.captured(2).toInt();
  if (!match.hasMatch() || width < 200 || height < 150 || width > 16384 || height > 16384)
    return QObject::tr(
               "--size wants WIDTHxHEIGHT in pixels, from 200x150 to 16384x16384, for example "
               "1280x800; it got \"%1\".")
        .arg(text);
  size = {width, height};
  return {};
}

bool setColumn(ChartOptions& options, const QString& choice, const QString& id) {
  const std::map<QString, QString*> places{{"x", &options.x},
                                           {"sweep", &options.sweep},
                                           {"colour", &options.colour},
                                           {"shape", &options.shape},
                                           {"metric", &options.metric}};
  const auto place = places.find(choice);
  if (place == places.end()) return false;
  *place->second = id;
  return true;
}

/// Takes over "latency.x=batch". Returns "" or why it could not.
QString readChoice(const QString& text, QHash<QString, ViewChoices>& choices) {
  static const QRegularExpression expression("^(\\w+)\\.(\\w+)=(.+)$");
  const auto match = expression.match(text);
  const QString view = match.captured(1), choice = match.captured(2), value = match.captured(3);
  if (!match.hasMatch() || !findChartView(view))
    return QObject::tr("--set wants VIEW.CHOICE=VALUE, for example latency.x=batch; it got \"%1\".")
        .arg(text);
  ViewChoices& chosen = choices[view];
  bool isNumber = true;
  if (setColumn(chosen.options, choice, value)) return {};
  if (choice == "levels" && (value == "all" || value == "dram")) {
    chosen.options.levels = value == "all" ? LevelDots::allLinked : LevelDots::dram;
  } else if (choice == "size" && (value == "time" || value == "same")) {
    chosen.options.sizeByTime = value == "time";
  } else if (choice == "hide") {
    chosen.hidden << value;
  } else if (choice == "head") {
    chosen.inspectHead = value.toULongLong(&isNumber);
  } else {
    isNumber = false;
  }
  return isNumber ? QString()
                  : QObject::tr(
                        "--set knows x, sweep, colour, shape and metric (a column of the "
                        "table), levels=dram|all, size=time|same, head=NUMBER, "
                        "hide=LEGEND; it got \"%1\".")
                        .arg(text);
}

/// "window", or "window:latency" with that view in front.
bool isWindow(const QString& name) {
  return name == "window" ||
         (name.startsWith("window:") && exportableViews().contains(name.section(':', 1)));
}

QString readExport(const QCommandLineParser& parser, Arguments& arguments) {
  if (!parser.isSet("export")) {
    for (const char* name : {"view", "format", "size", "set"})
      if (parser.isSet(name))
        return QObject::tr("--%1 only means something together with --export FOLDER.").arg(name);
    return {};
  }
  ExportRequest request;
  request.folder = parser.value("export");
  if (request.folder.isEmpty())
    return QObject::tr("--export wants a folder: kvroof-view --export out/ trace.jsonl");
  for (const QString& value : parser.values("view"))
    request.views << value.split(',', Qt::SkipEmptyParts);
  if (!parser.isSet("view")) request.views << "all";
  if (request.views.isEmpty())
    return QObject::tr("--view wants a name: %1, all, window.").arg(exportableViews().join(", "));
  for (const QString& name : request.views)
    if (name != "all" && !isWindow(name) && !exportableViews().contains(name))
      return QObject::tr("There is no view \"%1\". Views: %2, all, window, window:VIEW.")
          .arg(name, exportableViews().join(", "));
  for (const QString& value : parser.values("format"))
    request.formats << value.split(',', Qt::SkipEmptyParts);
  if (request.formats.isEmpty()) request.formats << "png";
  for (const QString& name : request.formats)
    if (!kFormats.contains(name))
      return QObject::tr("--format wants %1; it got \"%2\".").arg(kFormats.join(", "), name);
  if (parser.isSet("size")) {
    const QString problem = readSize(parser.value("size"), request.size);
    if (!problem.isEmpty()) return problem;
  }
  for (const QString& value : parser.values("set"))
    if (const QString problem = readChoice(value, request.choices); !problem.isEmpty())
      return problem;
  if (arguments.files.isEmpty())
    return QObject::tr("--export needs a trace file: kvroof-view --export out/ trace.jsonl");
  arguments.exported = request;
  return {};
}

}  // namespace

ParsedArguments parseArguments(const QStringList& list) {
  QCommandLineParser parser;
  parser.setApplicationDescription(QObject::tr("Shows traces of kvroof as linked rooflines."));
  const auto help = parser.addHelpOption();
  const auto version = parser.addVersionOption();
  parser.addPositionalArgument(
      "file", QObject::tr("Trace files (.jsonl), or a file of `kvroof inspect`."), "[FILE...]");
  parser.addOptions({
      {"baseline", QObject::tr("Trace to compare the others with."), "FILE"},
      {"filter", QObject::tr("Show only records with these words."), "WORDS"},
      {"export", QObject::tr("Write pictures into a folder and exit; needs no display."), "FOLDER"},
      {"view",
       QObject::tr("With --export: %1, all (default), window (png of the whole window), or "
                   "window:VIEW (that view in front).")
           .arg(exportableViews().join(", ")),
       "NAME"},
      {"format",
       QObject::tr("With --export: png (default), svg, pdf, csv; several separated by commas."),
       "FORMAT"},
      {"size",
       QObject::tr(
           "With --export: size in pixels, default 1280x800; QT_SCALE_FACTOR multiplies it."),
       "WxH"},
      {"set",
       QObject::tr("With --export: what is chosen in a view, VIEW.CHOICE=VALUE: x, sweep, colour, "
                   "shape, metric, levels, size, head, hide."),
       "CHOICE"},
      {"theme", QObject::tr("light or dark; default: that of the desktop."), "THEME"},
  });
  ParsedArguments parsed;
  if (!parser.parse(list)) {
    parsed.usageError = parser.errorText() + QObject::tr(". See kvroof-view --help.");
    return parsed;
  }
  if (parser.isSet(help)) parsed.text = parser.helpText();
  if (parser.isSet(version))
    parsed.text = QStringLiteral("kvroof-view %1\n").arg(QCoreApplication::applicationVersion());
  if (!parsed.text.isEmpty()) return parsed;
  parsed.arguments.files = parser.positionalArguments();
  parsed.arguments.baseline = parser.value("baseline");
  parsed.arguments.filter = parser.value("filter");
  const QString theme = parser.value("theme");
  if (theme == "light" || theme == "dark") {
    parsed.arguments.theme = theme == "dark" ? Theme::dark : Theme::light;
  } else if (!theme.isEmpty()) {
    parsed.usageError = QObject::tr("--theme wants light or dark; it got \"%1\".").arg(theme);
    return parsed;
  }
  parsed.usageError = readExport(parser, parsed.arguments);
  return parsed;
}

bool asksForExport(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    for (const char* name : {"--export", "--help", "--version", "-h", "-v"})
      if (std::strncmp(argv[i], name, std::strlen(name)) == 0 &&
          (argv[i][1] == '-' || argv[i][2] == 0))
        return true;
  return false;
}

}  // namespace kvroof::gui
