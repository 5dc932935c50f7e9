// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/inspect_file.hpp"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QObject>
#include <limits>

namespace kvroof::gui {
namespace {

constexpr int kSchema = 1;
constexpr qint64 kMaxBytes = 512LL << 20;
constexpr double kMaxCells = 64.0 * 1024 * 1024;

[[noreturn]] void fail(const QString& path, const QString& why) {
  throw InspectError(QObject::tr("%1: %2").arg(path, why).toStdString());
}

std::vector<float> cells(const QString& path, const QJsonValue& value, const QString& field,
                         std::size_t wanted) {
  const QJsonArray array = value.toArray();
  if (static_cast<std::size_t>(array.size()) != wanted)
    fail(path, QObject::tr("%1 must hold %2 numbers (tokens x channels), it holds %3")
                   .arg(field)
                   .arg(wanted)
                   .arg(array.size()));
  std::vector<float> numbers;
  numbers.reserve(wanted);
  for (const QJsonValue& number : array)
    numbers.push_back(number.isDouble() ? static_cast<float>(number.toDouble())
                                        : std::numeric_limits<float>::quiet_NaN());
  return numbers;
}

InspectPlane readPlane(const QString& path, const QJsonObject& object, qsizetype position) {
  const QString where = QStringLiteral("/planes/%1").arg(position);
  const auto count = [&](const char* name) {
    const double value = object[QLatin1String(name)].toDouble(0);
    if (!(value >= 1) || value > kMaxCells ||
        value != static_cast<double>(static_cast<std::size_t>(value)))
      fail(path, QObject::tr("%1/%2 must be a whole number from 1, it is %3")
                     .arg(where, QLatin1String(name))
                     .arg(value));
    return static_cast<std::size_t>(value);
  };
  InspectPlane plane;
  plane.side = object["side"].toString();
  if (plane.side != "keys" && plane.side != "values")
    fail(
        path,
        QObject::tr("%1/side must be \"keys\" or \"values\", it is \"%2\"").arg(where, plane.side));
  plane.layer = object["layer"].toInt();
  plane.head = object["head"].toInt();
  plane.numTokens = count("num_tokens");
  plane.numChannels = count("num_channels");
  plane.tokensPerCell = object.contains("tokens_per_cell") ? count("tokens_per_cell") : 1;
  if (static_cast<double>(plane.numTokens) * static_cast<double>(plane.numChannels) > kMaxCells)
    fail(path, QObject::tr("%1 has more than %2 cells; write fewer tokens or more tokens per cell")
                   .arg(where)
                   .arg(kMaxCells, 0, 'f', 0));
  const std::size_t wanted = plane.numTokens * plane.numChannels;
  plane.magnitudes = cells(path, object["magnitudes"], where + "/magnitudes", wanted);
  if (object.contains("kept") && !object["kept"].isNull())
    plane.kept = cells(path, object["kept"], where + "/kept", wanted);
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

InspectFile readInspect(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly))
    fail(path, QObject::tr("cannot be opened: %1").arg(file.errorString()));
  if (file.size() > kMaxBytes)
    fail(path, QObject::tr("is larger than 512 MiB, too large for an inspect file"));
  QJsonParseError error;
  const QJsonObject root = QJsonDocument::fromJson(file.readAll(), &error).object();
  if (error.error != QJsonParseError::NoError)
    fail(path, QObject::tr("is no JSON: %1 at byte %2").arg(error.errorString()).arg(error.offset));
  if (root["format"].toString() != "kvroof-inspect")
    fail(path, QObject::tr("is no inspect file: /format must be \"kvroof-inspect\""));
  const int schema = root["schema"].toInt(0);
  if (schema != kSchema)
    fail(path,
         QObject::tr("has schema %1, this kvroof-view reads schema %2").arg(schema).arg(kSchema));
  InspectFile inspect{.path = path,
                      .source = root["source"].toString(),
                      .rule = root["rule"].toString(),
                      .planes = {}};
  const QJsonArray planes = root["planes"].toArray();
  for (qsizetype i = 0; i < planes.size(); ++i)
    inspect.planes.push_back(readPlane(path, planes[i].toObject(), i));
  if (inspect.planes.empty()) fail(path, QObject::tr("holds no planes"));
  return inspect;
}

}  // namespace kvroof::gui
