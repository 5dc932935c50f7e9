// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/inspect_file.hpp"

#include <QFile>
#include <QFileInfo>
#include <QObject>
#include <cmath>

#include "gui/models/data/inspect_parser.hpp"

namespace kvroof::gui {
namespace {

constexpr int kSchema = 1;
constexpr qint64 kMaxBytes = 512LL << 20;
constexpr std::size_t kMaxCells = 64UL * 1024 * 1024;  // of a plane

[[noreturn]] void fail(const QString& path, const QString& why) {
  throw InspectError(QObject::tr("%1: %2").arg(path, why).toStdString());
}

[[noreturn]] void failOfSize(const QString& path, const QString& where) {
  fail(path, QObject::tr("%1 has more than %2 cells; write fewer tokens or more tokens per cell")
                 .arg(where)
                 .arg(kMaxCells));
}

std::vector<float> cells(const QString& path, std::vector<float> numbers, const QString& field,
                         std::size_t wanted) {
  if (numbers.size() != wanted)
    fail(path, QObject::tr("%1 must hold %2 numbers (tokens x channels), it holds %3")
                   .arg(field)
                   .arg(wanted)
                   .arg(numbers.size()));
  return numbers;
}

/// 0 unless it is a whole number.
int wholeOf(const ParsedPlane& parsed, const char* name) {
  const auto found = parsed.numbers.find(name);
  if (found == parsed.numbers.end() || !(std::abs(found->second) <= 1e9)) return 0;
  const int whole = static_cast<int>(found->second);
  return whole == found->second ? whole : 0;
}

InspectPlane checkedPlane(const QString& path, ParsedPlane parsed, std::size_t position) {
  const QString where = QStringLiteral("/planes/%1").arg(position);
  const auto count = [&](const char* name) {
    const auto found = parsed.numbers.find(name);
    const double value = found == parsed.numbers.end() ? 0 : found->second;
    if (!(value >= 1) || value > static_cast<double>(kMaxCells) ||
        value != static_cast<double>(static_cast<std::size_t>(value)))
      fail(path, QObject::tr("%1/%2 must be a whole number from 1, it is %3")
                     .arg(where, QLatin1String(name))
                     .arg(value));
    return static_cast<std::size_t>(value);
  };
  InspectPlane plane;
  plane.side = QString::fromStdString(parsed.side);
  if (plane.side != "keys" && plane.side != "values")
    fail(
        path,
        QObject::tr("%1/side must be \"keys\" or \"values\", it is \"%2\"").arg(where, plane.side));
  plane.layer = wholeOf(parsed, "layer");
  plane.head = wholeOf(parsed, "head");
  plane.numTokens = count("num_tokens");
  plane.numChannels = count("num_channels");
  plane.tokensPerCell = parsed.numbers.contains("tokens_per_cell") ? count("tokens_per_cell") : 1;
  const std::size_t wanted = plane.numTokens * plane.numChannels;
  if (wanted > kMaxCells) failOfSize(path, where);
  plane.magnitudes = cells(path, std::move(parsed.magnitudes), where + "/magnitudes", wanted);
  if (parsed.kept) plane.kept = cells(path, std::move(*parsed.kept), where + "/kept", wanted);
  return plane;
}

}  // namespace

bool isInspect(const QString& path) {
  QFile file(path);
  if (!QFileInfo(path).isFile() || !file.open(QIODevice::ReadOnly)) return false;
  constexpr qint64 kStart = 4096;  // the name of the format may stand behind all planes
  const QByteArray start = file.read(kStart);
  return start.contains("\"kvroof-inspect\"") ||
         (start.contains("\"planes\"") && !start.contains("\"line\""));
}

InspectFile readInspect(const QString& path, const IsCancelled& isCancelled) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly))
    fail(path, QObject::tr("cannot be opened: %1").arg(file.errorString()));
  if (file.size() > kMaxBytes)
    fail(path, QObject::tr("is larger than 512 MiB, too large for an inspect file"));
  ParsedInspect parsed = parseInspect(file, kMaxCells, isCancelled);
  switch (parsed.end) {
    case ParsedInspect::End::complete: break;
    case ParsedInspect::End::cancelled: fail(path, QObject::tr("was not read to its end"));
    case ParsedInspect::End::tooManyCells:
      failOfSize(path, QStringLiteral("/planes/%1").arg(parsed.planes.size() - 1));
    case ParsedInspect::End::noJson:
      if (file.error() != QFileDevice::NoError)
        fail(path, QObject::tr("cannot be read: %1").arg(file.errorString()));
      fail(path, QObject::tr("is no JSON: it breaks at byte %1").arg(parsed.position));
  }
  if (parsed.format != "kvroof-inspect")
    fail(path, QObject::tr("is no inspect file: /format must be \"kvroof-inspect\""));
  if (parsed.schema != kSchema)
    fail(path, QObject::tr("has schema %1, this kvroof-view reads schema %2")
                   .arg(parsed.schema)
                   .arg(kSchema));
  InspectFile inspect{.path = path,
                      .source = QString::fromStdString(parsed.source),
                      .rule = QString::fromStdString(parsed.rule),
                      .planes = {}};
  for (std::size_t i = 0; i < parsed.planes.size(); ++i)
    inspect.planes.push_back(checkedPlane(path, std::move(parsed.planes[i]), i));
  if (inspect.planes.empty()) fail(path, QObject::tr("holds no planes"));
  return inspect;
}

}  // namespace kvroof::gui
