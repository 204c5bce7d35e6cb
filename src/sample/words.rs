//! The words that names are made of, language by language; nobody in particular bears them.

/// What differs from language to language. Lists are text, commas between their entries.
pub(super) struct Words {
    pub(super) language: &'static str,
    pub(super) female: &'static str,
    pub(super) male: &'static str,
    pub(super) last: &'static str,
    pub(super) streets: &'static str,
    pub(super) trades: &'static str,
    pub(super) forms: &'static str,
    /// How a letter addresses a woman, a man, and a firm.
    pub(super) salutations: [&'static str; 3],
}

pub(super) const NEUTRAL_GIVEN: &str = "Dominique, Kim, Sascha, Robin, Noa, Charlie, Ariel, Maxime";

/// Exactly as long as a given name may be, or nearly.
pub(super) const LONG_GIVEN: &str = "Maximiliane-Charlotte Friederike Jo, \
    Jean-Barthélemy François Théodore, Hans-Ulrich Balthasar Bonaventura, \
    Anne-Véronique Geneviève Éléonore";

/// Exactly as long as a last name may be, or nearly.
pub(super) const LONG_LAST: &str = "von Schönenbühl-Oberwinterthurmatte, \
    Grünenfelder-Zwischenbrüggenmatter, de la Rochebrune-Châteauneuf-d'Oex, \
    Überschlag-Hinterfultigenschwander";

pub(super) const GERMAN: Words = Words {
    language: "German",
    female: "Anna, Barbara, Beatrice, Brigitte, Claudia, Daniela, Elisabeth, Franziska, Heidi, \
        Jasmin, Käthi, Lena, Maja, Monika, Nicole, Petra, Regula, Rösli, Sabine, Ursula, Zoë",
    male: "Andreas, Beat, Bruno, Christoph, Daniel, Fabian, Hansjörg, Jörg, Jürg, Kilian, Lukas, \
        Markus, Matthias, Niklaus, Peter, Rainer, Rolf, Stefan, Thomas, Urs, Walter, Ömer",
    last: "Aebischer, Ammann, Bärtschi, Baumann, Bösch, Brunner, Bürgi, Dürr, Eggenberger, Frei, \
        Füglister, Gerber, Graf, Hürlimann, Jäggi, Kälin, Keller, Lüthi, Meier, Möckli, Müller, \
        Niederberger, Nüesch, Odermatt, Roth, Rüegg, Schär, Schmid, Stähelin, Sütterlin, Tobler, \
        von Ah, von Rohr, Weber, Widmer, Wüthrich, Zbinden, Zürcher",
    streets: "Ahornweg, Am Schützenrain, Bahnhofstrasse, Birkenweg, Dorfstrasse, Forchstrasse, \
        Gartenstrasse, Grünaustrasse, Hauptstrasse, Höhenweg, Im Bächli, Kirchgasse, \
        Lindenstrasse, Mühlegasse, Oberdorfstrasse, Rütistrasse, Schulhausstrasse, Seestrasse, \
        Obere Schützenmattstrasse-Promenade, Südhang, Talackerstrasse, Weinbergstrasse",
    trades: "Präzisionsmechanik, Treuhand, Immobilien, Beteiligungen, Maschinenbau, Käserei, \
        Gartenbau, Informatik, Schreinerei, Spedition, Möbel, Bäckerei, Ingenieure, Weinhandel",
    forms: "AG, GmbH, Genossenschaft, Stiftung, Verein",
    salutations: ["Frau", "Herr", "An die"],
};

pub(super) const FRENCH: Words = Words {
    language: "French",
    female: "Adèle, Amélie, Anaïs, Camille, Céline, Chloé, Françoise, Hélène, Inès, Jeanne, \
        Lætitia, Léa, Margaux, Mireille, Noémie, Océane, Sylvie, Thérèse, Véronique, Zoé",
    male: "Antoine, Aurélien, Baptiste, Benoît, Cédric, Didier, Étienne, Fabrice, François, Gaël, \
        Jérôme, Loïc, Mathieu, Noël, Olivier, Pascal, Raphaël, Rémy, Sébastien, Yves",
    last: "Aubort, Berthoud, Bonvin, Bovet, Chappuis, Chevalley, Crausaz, Décosterd, Délèze, \
        Dubuis, Favre, Gavillet, Genoud, Grandjean, Hérédier, Jaquet, L'Éplattenier, Monnier, \
        Pittet, Rochat, Savary, Thévenaz, Vuilleumier, de Coulon-Prévost",
    streets: "Avenue de la Gare, Chemin des Bégonias, Chemin du Coteau, Grand-Rue, Place du \
        Marché, Quai des Mouettes, Route de l'Hôpital, Route du Lac, Rue de l'Église, Rue des \
        Pêcheurs, Rue du Château, Sentier des Écoliers, Chemin de la Croix-Saint-Barthélemy",
    trades: "Horlogerie, Immobilier, Fiduciaire, Conseil, Menuiserie, Électricité, Vins, \
        Boulangerie, Paysagisme, Mécanique de précision, Éditions, Ingénierie",
    forms: "SA, Sàrl, Coopérative, Fondation, Association",
    salutations: ["Madame", "Monsieur", "À l'attention de"],
};

pub(super) const ITALIAN: Words = Words {
    language: "Italian",
    female: "Alessia, Bianca, Carla, Chiara, Elena, Francesca, Giada, Ilaria, Lucia, Marta, \
        Nives, Paola, Serena, Sofia, Valentina",
    male: "Alessandro, Carlo, Daniele, Elia, Fabio, Gianluca, Giosuè, Lorenzo, Mattia, Niccolò, \
        Paolo, Riccardo, Sandro, Tommaso, Ugo",
    last: "Ambrosini, Barzaghi, Bernasconi, Bottinelli, Cattaneo, Ceschi, D'Agostino, De Luca, \
        Fontana, Galfetti, Lepori, Maggetti, Nicolà, Pedrazzini, Quadri, Rusconi, Tettamanti",
    streets: "Contrada Nuova, Piazza della Libertà, Salita dei Frati, Via al Colle, Via alla \
        Stazione, Via Cantonale, Via dei Tigli, Via della Posta, Vicolo Città, Viale dei Platani",
    trades: "Immobiliare, Fiduciaria, Costruzioni, Trasporti, Orologeria, Vini, Consulenze, \
        Falegnameria, Impianti, Attività sportive",
    forms: "SA, Sagl, Cooperativa, Fondazione, Associazione",
    salutations: ["Signora", "Signor", "Spettabile"],
};

pub(super) const ROMANSH: Words = Words {
    language: "Romansh",
    female: "Aita, Braida, Chatrina, Fadrina, Flurina, Ladina, Mengia, Ottilia, Seraina, Urezza",
    male: "Andri, Balzer, Curdin, Duri, Flurin, Gian, Giachen, Men, Not, Placi, Tumasch",
    last: "Arquint, Bezzola, Caduff, Cajöri, Camenisch, Campell, Casutt, Cavelti, Decurtins, \
        Derungs, Gaudenz, Lütscher, Maissen, Pult, Spescha, Tönz, Vonmoos",
    streets: "Via Centrala, Via Maistra, Via da la Staziun, Via Sut, Vietta Pitschna, Cho d'Punt",
    trades: "Lainaria, Hotelaria, Construcziuns, Transports, Uffizi technic, Chascharia",
    forms: "SA, Scrl, Associaziun, Fundaziun",
    salutations: ["Duonna", "Signur", "A la firma"],
};

pub(super) const ENGLISH: Words = Words {
    language: "English",
    female: "Alice, Catherine, Eleanor, Fiona, Grace, Hannah, Imogen, Niamh, Rosalind, Siobhán",
    male: "Alistair, Benjamin, Duncan, Edmund, Graham, Henry, Oliver, Padraig, Seán, Timothy",
    last: "Ashworth, Blackwood, Carmichael, Fairbairn, Hargreaves, Llewellyn, MacAllister, \
        Ó Súilleabháin, Pemberton, Ravenscroft, Thistlethwaite, Whitcombe",
    streets: "Abbey Lane, Castle Terrace, Church Row, Mill Lane, Orchard Close, Queen's Gardens, \
        St Andrew's Crescent, Station Road",
    trades: "Holdings, Shipping, Instruments, Capital Partners, Trading, Estates, Research",
    forms: "Ltd, PLC, LLP",
    salutations: ["Ms", "Mr", "Messrs"],
};

pub(super) const POLISH: Words = Words {
    language: "Polish",
    female: "Agnieszka, Bożena, Elżbieta, Grażyna, Jadwiga, Łucja, Małgorzata, Róża, Zofia",
    male: "Bartłomiej, Grzegorz, Jarosław, Kacper, Łukasz, Paweł, Przemysław, Stanisław",
    last: "Błaszczyk, Dąbek, Gołębiewska, Jabłoński, Kraśko, Lewicki, Mączka, Piątek, Różański, \
        Śliwa, Wróbel, Zając, Żurawski",
    streets: "ul. Długa, ul. Kwiatowa, ul. Łąkowa, ul. Polna, ul. Słoneczna, ul. Źródlana",
    trades: "Budownictwo, Doradztwo, Handel, Usługi, Żegluga",
    forms: "Sp. z o.o., S.A.",
    salutations: ["Pani", "Pan", "Szanowni Państwo"],
};

/// Cuts what is too long; the bound counts characters, not bytes.
pub(super) fn fit(text: &str, chars_max: usize) -> String {
    let cut: String = text.chars().take(chars_max).collect();
    cut.trim_end().to_owned()
}
